// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "binding.h"

// (path)
Object::Object(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Object>(info)
{
	bpf_object *object = nullptr;
	Failure e;

	if (cn_object_open(Text(info[0]).c_str(), &object, &e) < 0)
		e.Throw(info.Env());
	else
		object_.reset(object, cn_object_close);
}

void Object::Define(Napi::Env env, AddonData *data)
{
	data->object_class = Napi::Persistent(
		DefineClass(env, "Object",
			    {
				    InstanceMethod<&Object::SetRodata>("setRodata"),
				    InstanceMethod<&Object::SetMaxEntries>("setMaxEntries"),
				    InstanceMethod<&Object::SetMapFlags>("setMapFlags"),
				    InstanceMethod<&Object::ReuseMap>("reuseMap"),
				    InstanceMethod<&Object::SetAutoload>("setAutoload"),
				    InstanceMethod<&Object::SetProgramFlags>("setProgramFlags"),
				    InstanceMethod<&Object::Load>("load"),
				    InstanceMethod<&Object::MapNames>("mapNames"),
				    InstanceMethod<&Object::ProgramNames>("programNames"),
				    InstanceMethod<&Object::GetMap>("map"),
				    InstanceMethod<&Object::GetProgram>("program"),
				    InstanceMethod<&Object::Close>("close"),
			    }));
}

Napi::Value Object::Open(const Napi::CallbackInfo &info)
{
	return info.Env().GetInstanceData<AddonData>()->object_class.New({info[0]});
}

bool Object::Usable(Napi::Env env) const
{
	if (object_ && !loading_)
		return true;
	if (loading_)
		ThrowErrno(env, EBUSY, "object", "is being loaded");
	else
		ThrowErrno(env, EBADF, "object", "used after close");
	return false;
}

// (offset, bytes)
Napi::Value Object::SetRodata(const Napi::CallbackInfo &info)
{
	Bytes bytes(info[1]);
	Failure e;

	if (Usable(info.Env()) &&
	    cn_object_set_rodata(object_.get(), U32(info[0]), bytes.data, bytes.size, &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Object::SetMaxEntries(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) &&
	    cn_object_set_max_entries(object_.get(), Text(info[0]).c_str(), U32(info[1]), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Object::SetMapFlags(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) &&
	    cn_object_set_map_flags(object_.get(), Text(info[0]).c_str(), U32(info[1]), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

// (name, map's descriptor)
Napi::Value Object::ReuseMap(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) &&
	    cn_object_reuse_map(object_.get(), Text(info[0]).c_str(),
				info[1].As<Napi::Number>().Int32Value(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Object::SetAutoload(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) && cn_object_set_autoload(object_.get(), Text(info[0]).c_str(),
							 info[1].As<Napi::Boolean>(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Object::SetProgramFlags(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) &&
	    cn_object_add_program_flags(object_.get(), Text(info[0]).c_str(), U32(info[1]), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

// Owns the "being loaded" mark: cleared when the worker is done, however it ends.
Napi::Value Object::Load(const Napi::CallbackInfo &info)
{
	if (!Usable(info.Env()))
		return info.Env().Undefined();
	loading_ = true;
	std::shared_ptr<Object> mark(this, [](Object *object) { object->loading_ = false; });
	return RunAsync(
		info.Env(), {info.This().As<Napi::Object>()},
		[object = object_, mark](cn_error *e) { return cn_object_load(object.get(), e); },
		[](Napi::Env env) { return env.Undefined(); });
}

static Napi::Value Names(Napi::Env env, bpf_object *object,
			 const char *(*name_at)(bpf_object *, size_t))
{
	Napi::Array names = Napi::Array::New(env);
	const char *name;

	for (uint32_t i = 0; (name = name_at(object, i)); i++)
		names[i] = name;
	return names;
}

Napi::Value Object::MapNames(const Napi::CallbackInfo &info)
{
	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return Names(info.Env(), object_.get(), cn_object_map_name);
}

Napi::Value Object::ProgramNames(const Napi::CallbackInfo &info)
{
	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return Names(info.Env(), object_.get(), cn_object_program_name);
}

Napi::Value Object::GetMap(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	fd = cn_object_map_fd(object_.get(), Text(info[0]).c_str(), &e);
	return fd < 0 ? e.Throw(info.Env()) : Map::Create(info.Env(), fd);
}

Napi::Value Object::GetProgram(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	fd = cn_object_program_fd(object_.get(), Text(info[0]).c_str(), &e);
	return fd < 0 ? e.Throw(info.Env()) : Program::Create(info.Env(), fd);
}

Napi::Value Object::Close(const Napi::CallbackInfo &info)
{
	object_.reset();
	return info.Env().Undefined();
}
