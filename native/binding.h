// SPDX-License-Identifier: Apache-2.0
// What the wrapping classes share. Arguments have been validated by
// src/native/; here they are only unpacked.
#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <vector>

#include "clearnat.h"

// Per environment (main thread or worker).
struct AddonData {
	Napi::FunctionReference error_class;
	Napi::FunctionReference object_class;
	Napi::FunctionReference map_class;
	Napi::FunctionReference program_class;
	Napi::FunctionReference link_class;
	Napi::FunctionReference watch_class;
	std::shared_ptr<class Prober> prober; // made at first use
};

// A cn_error that frees itself.
struct Failure : cn_error {
	Failure() : cn_error{}
	{
	}
	~Failure()
	{
		cn_error_clear(this);
	}
	Failure(const Failure &) = delete;
	Failure &operator=(const Failure &) = delete;

	Napi::Object ToObject(Napi::Env env) const;
	Napi::Value Throw(Napi::Env env) const;
};

// False while the environment ends: then nothing may call into JavaScript.
bool CanRun(Napi::Env env);

Napi::Value ThrowErrno(Napi::Env env, int err, const char *syscall, const char *detail);

// A descriptor; workers keep it open until they are done.
struct Fd {
	explicit Fd(int owned) : fd(owned)
	{
	}
	~Fd();
	Fd(const Fd &) = delete;
	Fd &operator=(const Fd &) = delete;

	const int fd;
};

struct Bytes {
	explicit Bytes(const Napi::Value &value)
	{
		auto array = value.As<Napi::Uint8Array>();
		data = array.Data();
		size = array.ByteLength();
	}
	uint8_t *data;
	size_t size;
};

inline uint32_t U32(const Napi::Value &value)
{
	return value.As<Napi::Number>().Uint32Value();
}

inline std::string Text(const Napi::Value &value)
{
	return value.As<Napi::String>().Utf8Value();
}

using Run = std::function<int(cn_error *)>;
using Done = std::function<Napi::Value(Napi::Env)>;

// run on a worker thread (negative result = failure), then done on the loop.
// keep: objects whose memory run uses.
Napi::Value RunAsync(Napi::Env env, std::vector<Napi::Object> keep, Run run, Done done);

// Base of the classes that own one descriptor.
class Handle
{
      public:
	explicit Handle(const char *what) : what_(what)
	{
	}
	void Close()
	{
		fd_.reset();
	}

      protected:
	// False, with an exception pending, after close().
	bool Usable(Napi::Env env) const;
	int fd() const
	{
		return fd_->fd;
	}

	std::shared_ptr<Fd> fd_;

      private:
	const char *what_;
};

// Calls ready on the event loop while fd is readable, until Close(). Closes
// itself when the environment ends. The owner keeps fd open until then.
class Poll
{
      public:
	// Owned by the loop: freed after Close().
	static Poll *Start(Napi::Env env, int fd, std::function<void()> ready,
			   std::function<void()> ended);
	void Close();
	// Whether waiting keeps the process alive.
	void KeepAlive(bool yes);
	// Calls ready after so many milliseconds, too; negative = never.
	void SetTimeout(int milliseconds);

      private:
	Poll() = default;
	static void OnClosed(uv_handle_t *handle);

	uv_poll_t poll_{};
	uv_timer_t timer_{};
	int open_handles_ = 2;
	bool closing_ = false;
	napi_async_cleanup_hook_handle hook_ = nullptr;
	std::function<void()> ready_;
	std::function<void()> ended_;
};

// For calls into JavaScript from the loop: scopes, and uncaught exceptions are
// reported as such.
class LoopScope
{
      public:
	explicit LoopScope(Napi::Env env);
	~LoopScope();

      private:
	Napi::Env env_;
	Napi::HandleScope handles_;
	Napi::AsyncContext context_;
	Napi::CallbackScope callbacks_;
};

// Call inside a LoopScope.
void CallBack(const Napi::FunctionReference &function, std::vector<napi_value> arguments);

// What a Watch reads; owns its descriptor.
class Source
{
      public:
	virtual ~Source() = default;
	virtual int Descriptor() const = 0;
	virtual void Read(Napi::Env env) = 0;
};

// An event source with close(): ring buffers and the netlink monitor. Stays
// alive until closed, as sockets do.
class Watch : public Napi::ObjectWrap<Watch>
{
      public:
	explicit Watch(const Napi::CallbackInfo &info);
	~Watch() override;
	static void Define(Napi::Env env, AddonData *data);
	static Napi::Value RingBuffer(const Napi::CallbackInfo &info);
	static Napi::Value NetlinkMonitor(const Napi::CallbackInfo &info);

      private:
	static Napi::Value Create(Napi::Env env, std::shared_ptr<Source> source);
	Napi::Value Close(const Napi::CallbackInfo &info);
	void Stop();

	Poll *poll_ = nullptr;
};

// The environment's engine (engine.c), driven by its event loop.
class Prober
{
      public:
	static Napi::Value TcpProbe(const Napi::CallbackInfo &info);
	static Napi::Value Ping(const Napi::CallbackInfo &info);
	~Prober();

      private:
	static std::shared_ptr<Prober> Get(Napi::Env env, cn_error *e);
	explicit Prober(Napi::Env env) : env_(env)
	{
	}
	void Run();
	void Rearm();
	void End();

	Napi::Env env_;
	cn_engine *engine_ = nullptr;
	Poll *poll_ = nullptr;
};

class Map : public Napi::ObjectWrap<Map>, public Handle
{
      public:
	explicit Map(const Napi::CallbackInfo &info);
	static void Define(Napi::Env env, AddonData *data);
	static Napi::Value Create(Napi::Env env, int fd);

      private:
	Napi::Value GetFd(const Napi::CallbackInfo &info);
	Napi::Value Info(const Napi::CallbackInfo &info);
	Napi::Value Lookup(const Napi::CallbackInfo &info);
	Napi::Value Update(const Napi::CallbackInfo &info);
	Napi::Value Delete(const Napi::CallbackInfo &info);
	Napi::Value Entries(const Napi::CallbackInfo &info);
	Napi::Value UpdateMany(const Napi::CallbackInfo &info);
	Napi::Value DeleteMany(const Napi::CallbackInfo &info);
	Napi::Value Pin(const Napi::CallbackInfo &info);
	Napi::Value CloseMap(const Napi::CallbackInfo &info);

	cn_map_info info_{};
};

class Program : public Napi::ObjectWrap<Program>, public Handle
{
      public:
	explicit Program(const Napi::CallbackInfo &info);
	static void Define(Napi::Env env, AddonData *data);
	static Napi::Value Create(Napi::Env env, int fd);

      private:
	Napi::Value GetFd(const Napi::CallbackInfo &info);
	Napi::Value Info(const Napi::CallbackInfo &info);
	Napi::Value TestRun(const Napi::CallbackInfo &info);
	Napi::Value TestRunAsync(const Napi::CallbackInfo &info);
	Napi::Value Pin(const Napi::CallbackInfo &info);
	Napi::Value CloseProgram(const Napi::CallbackInfo &info);
};

class Link : public Napi::ObjectWrap<Link>, public Handle
{
      public:
	explicit Link(const Napi::CallbackInfo &info);
	static void Define(Napi::Env env, AddonData *data);
	static Napi::Value Create(Napi::Env env, int fd);

      private:
	Napi::Value Info(const Napi::CallbackInfo &info);
	Napi::Value Update(const Napi::CallbackInfo &info);
	Napi::Value Pin(const Napi::CallbackInfo &info);
	Napi::Value Detach(const Napi::CallbackInfo &info);
	Napi::Value CloseLink(const Napi::CallbackInfo &info);
};

class Object : public Napi::ObjectWrap<Object>
{
      public:
	explicit Object(const Napi::CallbackInfo &info);
	static void Define(Napi::Env env, AddonData *data);
	static Napi::Value Open(const Napi::CallbackInfo &info);

      private:
	Napi::Value SetRodata(const Napi::CallbackInfo &info);
	Napi::Value SetMaxEntries(const Napi::CallbackInfo &info);
	Napi::Value SetMapFlags(const Napi::CallbackInfo &info);
	Napi::Value ReuseMap(const Napi::CallbackInfo &info);
	Napi::Value SetAutoload(const Napi::CallbackInfo &info);
	Napi::Value SetProgramFlags(const Napi::CallbackInfo &info);
	Napi::Value Load(const Napi::CallbackInfo &info);
	Napi::Value MapNames(const Napi::CallbackInfo &info);
	Napi::Value ProgramNames(const Napi::CallbackInfo &info);
	Napi::Value GetMap(const Napi::CallbackInfo &info);
	Napi::Value GetProgram(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	bool Usable(Napi::Env env) const;

	std::shared_ptr<bpf_object> object_;
	bool loading_ = false;
};

template <Napi::Value (*function)(const Napi::CallbackInfo &)>
void Export(Napi::Object exports, const char *name)
{
	exports.Set(name, Napi::Function::New<function>(exports.Env(), name));
}

void ExportNetwork(Napi::Object exports);
