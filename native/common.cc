// SPDX-License-Identifier: Apache-2.0
// Errors, descriptors and worker calls.
#include <unistd.h>

#include <cerrno>

#include "binding.h"

static Napi::Value OrNull(Napi::Env env, const char *text)
{
	return text ? Napi::Value(Napi::String::New(env, text)) : Napi::Value(env.Null());
}

Napi::Object Failure::ToObject(Napi::Env env) const
{
	return env.GetInstanceData<AddonData>()->error_class.New({
		Napi::Number::New(env, err),
		Napi::String::New(env, syscall ? syscall : "unknown"),
		OrNull(env, detail),
		OrNull(env, log),
	});
}

Napi::Value Failure::Throw(Napi::Env env) const
{
	Napi::Object error = ToObject(env);

	if (!env.IsExceptionPending())
		napi_throw(env, error);
	return env.Undefined();
}

bool CanRun(Napi::Env env)
{
	bool has;

	return napi_has_named_property(env, env.Global(), "Error", &has) == napi_ok;
}

Napi::Value ThrowErrno(Napi::Env env, int err, const char *syscall, const char *detail)
{
	Failure e;

	cn_fail(&e, err, syscall, "%s", detail);
	return e.Throw(env);
}

Fd::~Fd()
{
	close(fd);
}

bool Handle::Usable(Napi::Env env) const
{
	if (fd_)
		return true;
	ThrowErrno(env, EBADF, what_, "used after close");
	return false;
}

namespace
{

class Work : public Napi::AsyncWorker
{
      public:
	Work(Napi::Env env, std::vector<Napi::Object> keep, Run run, Done done)
	    : Napi::AsyncWorker(env, "clearnat"), run_(std::move(run)), done_(std::move(done)),
	      deferred_(Napi::Promise::Deferred::New(env))
	{
		for (auto &object : keep)
			keep_.push_back(Napi::Persistent(object));
	}

	Napi::Value Promise() const
	{
		return deferred_.Promise();
	}

      protected:
	void Execute() override
	{
		failed_ = run_(&error_) < 0;
	}

	void OnOK() override
	{
		Napi::Value value;

		run_ = nullptr;
		if (!CanRun(Env()))
			return;
		if (failed_)
			deferred_.Reject(error_.ToObject(Env()));
		else if (!(value = done_(Env())).IsEmpty())
			deferred_.Resolve(value);
	}

      private:
	Run run_;
	Done done_;
	Failure error_;
	bool failed_ = false;
	std::vector<Napi::ObjectReference> keep_;
	Napi::Promise::Deferred deferred_;
};

} // namespace

Napi::Value RunAsync(Napi::Env env, std::vector<Napi::Object> keep, Run run, Done done)
{
	auto *work = new Work(env, std::move(keep), std::move(run), std::move(done));
	Napi::Value promise = work->Promise();

	work->Queue();
	return promise;
}
