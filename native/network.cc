// SPDX-License-Identifier: Apache-2.0
// Interfaces, addresses, neighbours, routes, raw packets.
#include <net/if.h>

#include <cerrno>

#include "binding.h"

static int Index(const Napi::Value &value)
{
	return value.As<Napi::Number>().Int32Value();
}

static Napi::Value OrNull(Napi::Env env, const char *text)
{
	return text[0] ? Napi::Value(Napi::String::New(env, text)) : Napi::Value(env.Null());
}

// (name) -> index
static Napi::Value IfIndex(const Napi::CallbackInfo &info)
{
	std::string name = Text(info[0]);
	unsigned int index = if_nametoindex(name.c_str());

	if (!index)
		return ThrowErrno(info.Env(), ENODEV, "if_nametoindex", name.c_str());
	return Napi::Number::New(info.Env(), index);
}

// (index) -> name
static Napi::Value IfName(const Napi::CallbackInfo &info)
{
	std::string index = std::to_string(U32(info[0]));
	char name[IF_NAMESIZE];

	if (!if_indextoname(U32(info[0]), name))
		return ThrowErrno(info.Env(), ENODEV, "if_indextoname", index.c_str());
	return Napi::String::New(info.Env(), name);
}

// (ifindex, address)
static Napi::Value NeighbourUse(const Napi::CallbackInfo &info)
{
	cn_address address;
	Failure e;

	if (cn_address_parse(Text(info[1]).c_str(), &address, &e) < 0 ||
	    cn_neighbour_use(Index(info[0]), &address, &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

// (ifindex, address, prefix length)
template <bool add> static Napi::Value AddressChange(const Napi::CallbackInfo &info)
{
	cn_address address;
	Failure e;

	if (cn_address_parse(Text(info[1]).c_str(), &address, &e) < 0 ||
	    cn_address_change(add, Index(info[0]), &address, static_cast<uint8_t>(U32(info[2])),
			      &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

// (address) -> {ifindex, source, gateway}
static Napi::Value RouteGet(const Napi::CallbackInfo &info)
{
	Napi::Object out = Napi::Object::New(info.Env());
	cn_address address;
	cn_route route{};
	Failure e;

	if (cn_address_parse(Text(info[0]).c_str(), &address, &e) < 0 ||
	    cn_route_get(&address, &route, &e) < 0)
		return e.Throw(info.Env());
	out["ifindex"] = route.ifindex;
	out["source"] = OrNull(info.Env(), route.source);
	out["gateway"] = OrNull(info.Env(), route.gateway);
	return out;
}

// (packets) -> how many were sent
static Napi::Value SendRaw(const Napi::CallbackInfo &info)
{
	Napi::Array array = info[0].As<Napi::Array>();
	std::vector<cn_packet> packets;
	Failure e;
	int sent;

	for (uint32_t i = 0; i < array.Length(); i++) {
		Bytes bytes(array.Get(i));
		packets.push_back({bytes.data, bytes.size});
	}
	sent = cn_send_raw(packets.data(), array.Length(), &e);
	return sent < 0 ? e.Throw(info.Env()) : Napi::Number::New(info.Env(), sent);
}

void ExportNetwork(Napi::Object exports)
{
	Export<IfIndex>(exports, "ifindex");
	Export<IfName>(exports, "ifname");
	Export<NeighbourUse>(exports, "neighbourUse");
	Export<AddressChange<true>>(exports, "addressAdd");
	Export<AddressChange<false>>(exports, "addressDelete");
	Export<RouteGet>(exports, "routeGet");
	Export<SendRaw>(exports, "sendRaw");
}
