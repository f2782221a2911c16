// SPDX-License-Identifier: Apache-2.0
// TCP probes and pings of one environment.
#include <cerrno>

#include "binding.h"

namespace
{

// (error | null, microseconds)
struct Waiting {
	Napi::FunctionReference done;
};

void OnDone(void *arg, int err, const char *syscall, double micros)
{
	std::unique_ptr<Waiting> waiting(static_cast<Waiting *>(arg));
	Napi::Env env = waiting->done.Env();
	Failure e;

	if (err == ECANCELED)
		return;
	Napi::HandleScope handles(env);
	if (err)
		cn_fail(&e, err, syscall, "after %.0f ms", micros / 1000);
	CallBack(waiting->done,
		 {err ? Napi::Value(e.ToObject(env)) : env.Null(), Napi::Number::New(env, micros)});
}

} // namespace

std::shared_ptr<Prober> Prober::Get(Napi::Env env, cn_error *e)
{
	auto *data = env.GetInstanceData<AddonData>();

	if (data->prober)
		return data->prober;
	std::shared_ptr<Prober> prober(new Prober(env));
	prober->engine_ = cn_engine_new(e);
	if (!prober->engine_)
		return nullptr;
	Prober *self = prober.get();
	prober->poll_ = Poll::Start(
		env, cn_engine_fd(prober->engine_), [self] { self->Run(); },
		[self] { self->End(); });
	if (!prober->poll_) {
		cn_fail(e, EBADF, "uv_poll_init", "engine");
		return nullptr;
	}
	prober->poll_->KeepAlive(false);
	data->prober = prober;
	return prober;
}

Prober::~Prober()
{
	End();
}

// Before the environment's descriptors are gone.
void Prober::End()
{
	poll_ = nullptr;
	if (engine_)
		cn_engine_free(engine_);
	engine_ = nullptr;
}

void Prober::Run()
{
	Napi::HandleScope handles(env_);

	if (!CanRun(env_))
		return;
	LoopScope scope(env_);
	cn_engine_run(engine_);
	Rearm();
}

void Prober::Rearm()
{
	if (!poll_)
		return;
	poll_->SetTimeout(cn_engine_timeout(engine_));
	poll_->KeepAlive(cn_engine_pending(engine_) > 0);
}

// (address, port, timeoutMs, done)
Napi::Value Prober::TcpProbe(const Napi::CallbackInfo &info)
{
	auto waiting = std::make_unique<Waiting>();
	cn_address address;
	Failure e;
	auto prober = Get(info.Env(), &e);

	waiting->done = Napi::Persistent(info[3].As<Napi::Function>());
	if (!prober || cn_address_parse(Text(info[0]).c_str(), &address, &e) < 0 ||
	    cn_tcp_probe(prober->engine_, &address, static_cast<uint16_t>(U32(info[1])),
			 U32(info[2]), OnDone, waiting.get(), &e) < 0)
		return e.Throw(info.Env());
	waiting.release();
	prober->Rearm();
	return info.Env().Undefined();
}

// (address, timeoutMs, done)
Napi::Value Prober::Ping(const Napi::CallbackInfo &info)
{
	auto waiting = std::make_unique<Waiting>();
	cn_address address;
	Failure e;
	auto prober = Get(info.Env(), &e);

	waiting->done = Napi::Persistent(info[2].As<Napi::Function>());
	if (!prober || cn_address_parse(Text(info[0]).c_str(), &address, &e) < 0 ||
	    cn_ping(prober->engine_, &address, U32(info[1]), OnDone, waiting.get(), &e) < 0)
		return e.Throw(info.Env());
	waiting.release();
	prober->Rearm();
	return info.Env().Undefined();
}
