// SPDX-License-Identifier: Apache-2.0
#include "binding.h"

Link::Link(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Link>(info), Handle("link")
{
	fd_ = std::make_shared<Fd>(info[0].As<Napi::Number>().Int32Value());
}

void Link::Define(Napi::Env env, AddonData *data)
{
	data->link_class =
		Napi::Persistent(DefineClass(env, "Link",
					     {
						     InstanceMethod<&Link::Info>("info"),
						     InstanceMethod<&Link::Update>("update"),
						     InstanceMethod<&Link::Pin>("pin"),
						     InstanceMethod<&Link::Detach>("detach"),
						     InstanceMethod<&Link::CloseLink>("close"),
					     }));
}

Napi::Value Link::Create(Napi::Env env, int fd)
{
	return env.GetInstanceData<AddonData>()->link_class.New({Napi::Number::New(env, fd)});
}

Napi::Value Link::Info(const Napi::CallbackInfo &info)
{
	Napi::Object out = Napi::Object::New(info.Env());
	cn_link_info link;
	Failure e;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	if (cn_link_get_info(fd(), &link, &e) < 0)
		return e.Throw(info.Env());
	out["id"] = link.id;
	out["programId"] = link.prog_id;
	out["ifindex"] = link.ifindex;
	return out;
}

// (program's descriptor)
Napi::Value Link::Update(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) &&
	    cn_link_update(fd(), info[0].As<Napi::Number>().Int32Value(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Link::Pin(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) && cn_pin(fd(), Text(info[0]).c_str(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Link::Detach(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) && cn_link_detach(fd(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Link::CloseLink(const Napi::CallbackInfo &info)
{
	Close();
	return info.Env().Undefined();
}
