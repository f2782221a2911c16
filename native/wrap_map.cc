// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "binding.h"

Map::Map(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Map>(info), Handle("map")
{
	Failure e;

	fd_ = std::make_shared<Fd>(info[0].As<Napi::Number>().Int32Value());
	if (cn_map_get_info(fd(), &info_, &e) < 0)
		e.Throw(info.Env());
}

void Map::Define(Napi::Env env, AddonData *data)
{
	data->map_class =
		Napi::Persistent(DefineClass(env, "Map",
					     {
						     InstanceMethod<&Map::GetFd>("fd"),
						     InstanceMethod<&Map::Info>("info"),
						     InstanceMethod<&Map::Lookup>("lookup"),
						     InstanceMethod<&Map::Update>("update"),
						     InstanceMethod<&Map::Delete>("delete"),
						     InstanceMethod<&Map::Entries>("entries"),
						     InstanceMethod<&Map::UpdateMany>("updateMany"),
						     InstanceMethod<&Map::DeleteMany>("deleteMany"),
						     InstanceMethod<&Map::Pin>("pin"),
						     InstanceMethod<&Map::CloseMap>("close"),
					     }));
}

Napi::Value Map::Create(Napi::Env env, int fd)
{
	return env.GetInstanceData<AddonData>()->map_class.New({Napi::Number::New(env, fd)});
}

Napi::Value Map::GetFd(const Napi::CallbackInfo &info)
{
	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return Napi::Number::New(info.Env(), fd());
}

Napi::Value Map::Info(const Napi::CallbackInfo &info)
{
	Napi::Object out = Napi::Object::New(info.Env());

	out["id"] = info_.id;
	out["name"] = info_.name;
	out["type"] = info_.type;
	out["keySize"] = info_.key_size;
	out["valueSize"] = info_.value_size;
	out["maxEntries"] = info_.max_entries;
	out["flags"] = info_.flags;
	out["ioValueSize"] = info_.io_value_size;
	return out;
}

// (key, out) -> found
Napi::Value Map::Lookup(const Napi::CallbackInfo &info)
{
	Failure e;
	int found;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	found = cn_map_lookup(fd(), Bytes(info[0]).data, Bytes(info[1]).data, &e);
	return found < 0 ? e.Throw(info.Env()) : Napi::Boolean::New(info.Env(), found);
}

// (key, value, flags)
Napi::Value Map::Update(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) &&
	    cn_map_update(fd(), Bytes(info[0]).data, Bytes(info[1]).data, U32(info[2]), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

// (key) -> was there
Napi::Value Map::Delete(const Napi::CallbackInfo &info)
{
	Failure e;
	int deleted;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	deleted = cn_map_delete(fd(), Bytes(info[0]).data, &e);
	return deleted < 0 ? e.Throw(info.Env()) : Napi::Boolean::New(info.Env(), deleted);
}

namespace
{

struct EntriesOwner : cn_entries {
	EntriesOwner() : cn_entries{}
	{
	}
	~EntriesOwner()
	{
		free(keys);
		free(values);
	}
};

// Hands malloc'ed memory to a Buffer.
Napi::Value Adopt(Napi::Env env, uint8_t **data, size_t size)
{
	uint8_t *memory = *data;

	*data = nullptr;
	return Napi::Buffer<uint8_t>::NewOrCopy(env, memory, size,
						[](Napi::Env, uint8_t *p) { free(p); });
}

} // namespace

// () -> {count, keys, values}
Napi::Value Map::Entries(const Napi::CallbackInfo &info)
{
	auto out = std::make_shared<EntriesOwner>();

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return RunAsync(
		info.Env(), {},
		[fd = fd_, meta = info_, out](cn_error *e) {
			return cn_map_entries(fd->fd, &meta, out.get(), e);
		},
		[meta = info_, out](Napi::Env env) {
			Napi::Object result = Napi::Object::New(env);
			size_t count = out->count;

			result["count"] = out->count;
			result["keys"] = Adopt(env, &out->keys, count * meta.key_size);
			result["values"] = Adopt(env, &out->values, count * meta.io_value_size);
			return result;
		});
}

// (keys, values, count, flags)
Napi::Value Map::UpdateMany(const Napi::CallbackInfo &info)
{
	const uint8_t *keys = Bytes(info[0]).data, *values = Bytes(info[1]).data;
	uint32_t count = U32(info[2]), flags = U32(info[3]);

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return RunAsync(
		info.Env(), {info[0].As<Napi::Object>(), info[1].As<Napi::Object>()},
		[fd = fd_, meta = info_, keys, values, count, flags](cn_error *e) {
			return cn_map_update_many(fd->fd, &meta, keys, values, count, flags, e);
		},
		[](Napi::Env env) { return env.Undefined(); });
}

// (keys, count) -> deleted
Napi::Value Map::DeleteMany(const Napi::CallbackInfo &info)
{
	const uint8_t *keys = Bytes(info[0]).data;
	uint32_t count = U32(info[1]);
	auto deleted = std::make_shared<int>(0);

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return RunAsync(
		info.Env(), {info[0].As<Napi::Object>()},
		[fd = fd_, meta = info_, keys, count, deleted](cn_error *e) {
			*deleted = cn_map_delete_many(fd->fd, &meta, keys, count, e);
			return *deleted;
		},
		[deleted](Napi::Env env) { return Napi::Number::New(env, *deleted); });
}

Napi::Value Map::Pin(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) && cn_pin(fd(), Text(info[0]).c_str(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Map::CloseMap(const Napi::CallbackInfo &info)
{
	Close();
	return info.Env().Undefined();
}
