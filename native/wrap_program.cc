// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "binding.h"

Program::Program(const Napi::CallbackInfo &info)
    : Napi::ObjectWrap<Program>(info), Handle("program")
{
	fd_ = std::make_shared<Fd>(info[0].As<Napi::Number>().Int32Value());
}

void Program::Define(Napi::Env env, AddonData *data)
{
	data->program_class = Napi::Persistent(
		DefineClass(env, "Program",
			    {
				    InstanceMethod<&Program::GetFd>("fd"),
				    InstanceMethod<&Program::Info>("info"),
				    InstanceMethod<&Program::TestRun>("testRun"),
				    InstanceMethod<&Program::TestRunAsync>("testRunAsync"),
				    InstanceMethod<&Program::Pin>("pin"),
				    InstanceMethod<&Program::CloseProgram>("close"),
			    }));
}

Napi::Value Program::Create(Napi::Env env, int fd)
{
	return env.GetInstanceData<AddonData>()->program_class.New({Napi::Number::New(env, fd)});
}

Napi::Value Program::GetFd(const Napi::CallbackInfo &info)
{
	if (!Usable(info.Env()))
		return info.Env().Undefined();
	return Napi::Number::New(info.Env(), fd());
}

Napi::Value Program::Info(const Napi::CallbackInfo &info)
{
	Napi::Object out = Napi::Object::New(info.Env());
	cn_prog_info prog;
	char tag[17] = "";
	Failure e;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	if (cn_prog_get_info(fd(), &prog, &e) < 0)
		return e.Throw(info.Env());
	for (int i = 0; i < 8; i++)
		snprintf(tag + 2 * i, 3, "%02x", prog.tag[i]);
	out["id"] = prog.id;
	out["name"] = prog.name;
	out["type"] = prog.type;
	out["tag"] = tag;
	out["jitedSize"] = prog.jited_size;
	out["xlatedSize"] = prog.xlated_size;
	out["verifiedInsns"] = prog.verified_insns;
	out["loadTime"] = static_cast<double>(prog.load_time);
	return out;
}

// (data, out, ctx | null, repeat)
static cn_test_run TestRunArguments(const Napi::CallbackInfo &info)
{
	Bytes data(info[0]), out(info[1]);
	cn_test_run run{};

	run.data = data.data;
	run.data_size = static_cast<uint32_t>(data.size);
	run.out = out.data;
	run.out_size = static_cast<uint32_t>(out.size);
	if (!info[2].IsNull()) {
		Bytes ctx(info[2]);
		run.ctx = ctx.data;
		run.ctx_size = static_cast<uint32_t>(ctx.size);
	}
	run.repeat = U32(info[3]);
	return run;
}

static Napi::Value TestRunResult(Napi::Env env, const cn_test_run &run)
{
	Napi::Object result = Napi::Object::New(env);

	result["retval"] = run.retval;
	result["size"] = run.out_size;
	result["duration"] = run.duration;
	return result;
}

Napi::Value Program::TestRun(const Napi::CallbackInfo &info)
{
	cn_test_run run = TestRunArguments(info);
	Failure e;

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	if (cn_prog_test_run(fd(), &run, &e) < 0)
		return e.Throw(info.Env());
	return TestRunResult(info.Env(), run);
}

Napi::Value Program::TestRunAsync(const Napi::CallbackInfo &info)
{
	auto run = std::make_shared<cn_test_run>(TestRunArguments(info));
	std::vector<Napi::Object> keep{info[0].As<Napi::Object>(), info[1].As<Napi::Object>()};

	if (!Usable(info.Env()))
		return info.Env().Undefined();
	if (!info[2].IsNull())
		keep.push_back(info[2].As<Napi::Object>());
	return RunAsync(
		info.Env(), std::move(keep),
		[fd = fd_, run](cn_error *e) { return cn_prog_test_run(fd->fd, run.get(), e); },
		[run](Napi::Env env) { return TestRunResult(env, *run); });
}

Napi::Value Program::Pin(const Napi::CallbackInfo &info)
{
	Failure e;

	if (Usable(info.Env()) && cn_pin(fd(), Text(info[0]).c_str(), &e) < 0)
		e.Throw(info.Env());
	return info.Env().Undefined();
}

Napi::Value Program::CloseProgram(const Napi::CallbackInfo &info)
{
	Close();
	return info.Env().Undefined();
}
