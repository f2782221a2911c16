// SPDX-License-Identifier: Apache-2.0
// The module: classes, and functions that belong to none of them.
#include <bpf/libbpf.h>

#include <mutex>

#include "binding.h"

static Napi::Value LibbpfVersion(const Napi::CallbackInfo &info)
{
	return Napi::String::New(info.Env(), libbpf_version_string());
}

static Napi::Value PossibleCpus(const Napi::CallbackInfo &info)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return ThrowErrno(info.Env(), -cpus, "libbpf_num_possible_cpus",
				  "/sys/devices/system/cpu/possible");
	return Napi::Number::New(info.Env(), cpus);
}

static Napi::Value OpenPinnedMap(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd = cn_open_pinned(Text(info[0]).c_str(), CN_PINNED_MAP, &e);

	return fd < 0 ? e.Throw(info.Env()) : Map::Create(info.Env(), fd);
}

static Napi::Value OpenPinnedProgram(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd = cn_open_pinned(Text(info[0]).c_str(), CN_PINNED_PROGRAM, &e);

	return fd < 0 ? e.Throw(info.Env()) : Program::Create(info.Env(), fd);
}

static Napi::Value OpenPinnedLink(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd = cn_open_pinned(Text(info[0]).c_str(), CN_PINNED_LINK, &e);

	return fd < 0 ? e.Throw(info.Env()) : Link::Create(info.Env(), fd);
}

// (type, keySize, valueSize, maxEntries, flags)
static Napi::Value CreateMap(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd = cn_map_create(U32(info[0]), U32(info[1]), U32(info[2]), U32(info[3]), U32(info[4]),
			       &e);

	return fd < 0 ? e.Throw(info.Env()) : Map::Create(info.Env(), fd);
}

// (program's descriptor, ifindex, mode)
static Napi::Value AttachXdp(const Napi::CallbackInfo &info)
{
	Failure e;
	int fd = cn_xdp_attach(info[0].As<Napi::Number>().Int32Value(),
			       info[1].As<Napi::Number>().Int32Value(), U32(info[2]), &e);

	return fd < 0 ? e.Throw(info.Env()) : Link::Create(info.Env(), fd);
}

static Napi::Value XdpProgramId(const Napi::CallbackInfo &info)
{
	uint32_t id = 0;
	Failure e;

	if (cn_xdp_program_id(info[0].As<Napi::Number>().Int32Value(), &id, &e) < 0)
		return e.Throw(info.Env());
	return Napi::Number::New(info.Env(), id);
}

static Napi::Value EnsureBpffs(const Napi::CallbackInfo &info)
{
	Failure e;
	int mounted = cn_ensure_bpffs(Text(info[0]).c_str(), &e);

	return mounted < 0 ? e.Throw(info.Env()) : Napi::Boolean::New(info.Env(), mounted);
}

// (error class): errors are instances of it from now on.
static Napi::Value SetErrorClass(const Napi::CallbackInfo &info)
{
	info.Env().GetInstanceData<AddonData>()->error_class =
		Napi::Persistent(info[0].As<Napi::Function>());
	return info.Env().Undefined();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports)
{
	static std::once_flag once;
	auto *data = new AddonData;

	std::call_once(once, cn_log_setup);
	env.SetInstanceData(data);
	Object::Define(env, data);
	Map::Define(env, data);
	Program::Define(env, data);
	Link::Define(env, data);
	Watch::Define(env, data);
	Export<SetErrorClass>(exports, "setErrorClass");
	Export<LibbpfVersion>(exports, "libbpfVersion");
	Export<PossibleCpus>(exports, "possibleCpus");
	Export<Object::Open>(exports, "openObject");
	Export<OpenPinnedMap>(exports, "openPinnedMap");
	Export<OpenPinnedProgram>(exports, "openPinnedProgram");
	Export<OpenPinnedLink>(exports, "openPinnedLink");
	Export<CreateMap>(exports, "createMap");
	Export<AttachXdp>(exports, "attachXdp");
	Export<XdpProgramId>(exports, "xdpProgramId");
	Export<EnsureBpffs>(exports, "ensureBpffs");
	Export<Watch::RingBuffer>(exports, "ringBuffer");
	Export<Watch::NetlinkMonitor>(exports, "netlinkMonitor");
	Export<Prober::TcpProbe>(exports, "tcpProbe");
	Export<Prober::Ping>(exports, "ping");
	ExportNetwork(exports);
	return exports;
}

NODE_API_MODULE(clearnat, Init)
