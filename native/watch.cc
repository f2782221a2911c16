// SPDX-License-Identifier: Apache-2.0
// Event sources: each wake-up of the loop reads what is there and calls back.
#include <cerrno>

#include "binding.h"

namespace
{

constexpr int kRecordsPerTurn = 4096; // then the loop has its turn

class RingSource : public Source
{
      public:
	RingSource(Napi::Function on_event, int map_fd, cn_error *e)
	    : on_event_(Napi::Persistent(on_event)), ring_(cn_ring_open(map_fd, OnRecord, this, e))
	{
	}
	~RingSource() override
	{
		if (ring_)
			cn_ring_close(ring_);
	}
	bool Opened() const
	{
		return ring_;
	}
	int Descriptor() const override
	{
		return cn_ring_fd(ring_);
	}
	void Read(Napi::Env) override
	{
		left_ = kRecordsPerTurn;
		cn_ring_read(ring_);
	}

      private:
	static int OnRecord(void *arg, void *data, size_t len)
	{
		auto *self = static_cast<RingSource *>(arg);
		Napi::Env env = self->on_event_.Env();
		Napi::HandleScope handles(env);

		CallBack(self->on_event_,
			 {Napi::Buffer<uint8_t>::Copy(env, static_cast<uint8_t *>(data), len)});
		return --self->left_ > 0 ? 0 : -EAGAIN;
	}

	Napi::FunctionReference on_event_;
	int left_ = 0;
	cn_ring *ring_;
};

class MonitorSource : public Source
{
      public:
	MonitorSource(Napi::Function on_events, Napi::Function on_overflow, cn_error *e)
	    : on_events_(Napi::Persistent(on_events)), on_overflow_(Napi::Persistent(on_overflow)),
	      fd_(cn_monitor_open(e))
	{
	}
	bool Opened() const
	{
		return fd_.fd >= 0;
	}
	int Descriptor() const override
	{
		return fd_.fd;
	}
	void Read(Napi::Env env) override
	{
		bool complete;

		events_ = Napi::Array::New(env);
		complete = cn_monitor_read(fd_.fd, OnEvent, this);
		if (events_.Length())
			CallBack(on_events_, {events_});
		if (!complete)
			CallBack(on_overflow_, {});
	}

      private:
	static void OnEvent(void *arg, const cn_event *event)
	{
		static const char *const kinds[] = {"link", "address", "neighbour", "route"};
		Napi::Array events = static_cast<MonitorSource *>(arg)->events_;
		Napi::Env env = events.Env();
		Napi::Object out = Napi::Object::New(env);

		out["kind"] = kinds[event->kind];
		out["action"] = event->deleted ? "delete" : "new";
		out["ifindex"] = event->ifindex;
		out["subject"] = event->subject;
		if (event->lladdr[0])
			out["lladdr"] = event->lladdr;
		else
			out["lladdr"] = env.Null();
		out["state"] = event->state;
		events[events.Length()] = out;
	}

	Napi::FunctionReference on_events_;
	Napi::FunctionReference on_overflow_;
	Fd fd_;
	Napi::Array events_; // only during Read()
};

} // namespace

Watch::Watch(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Watch>(info)
{
	auto source = *info[0].As<Napi::External<std::shared_ptr<Source>>>().Data();
	Napi::Env env = info.Env();

	poll_ = Poll::Start(
		env, source->Descriptor(),
		[env, source] {
			auto held = source; // a callback may close the watch
			Napi::HandleScope handles(env);

			if (!CanRun(env))
				return;
			LoopScope scope(env);

			held->Read(env);
		},
		[this] { Stop(); });
	if (poll_)
		Ref();
	else
		ThrowErrno(env, EBADF, "uv_poll_init", "event source");
}

Watch::~Watch()
{
	if (poll_)
		poll_->Close();
}

void Watch::Define(Napi::Env env, AddonData *data)
{
	data->watch_class = Napi::Persistent(
		DefineClass(env, "Watch", {InstanceMethod<&Watch::Close>("close")}));
}

Napi::Value Watch::Create(Napi::Env env, std::shared_ptr<Source> source)
{
	return env.GetInstanceData<AddonData>()->watch_class.New(
		{Napi::External<std::shared_ptr<Source>>::New(env, &source)});
}

// Called once, by close() or when the environment ends.
void Watch::Stop()
{
	poll_ = nullptr;
	Unref();
}

Napi::Value Watch::Close(const Napi::CallbackInfo &info)
{
	if (poll_)
		poll_->Close();
	return info.Env().Undefined();
}

// (map's descriptor, onEvent)
Napi::Value Watch::RingBuffer(const Napi::CallbackInfo &info)
{
	Failure e;
	auto source = std::make_shared<RingSource>(info[1].As<Napi::Function>(),
						   info[0].As<Napi::Number>().Int32Value(), &e);

	return source->Opened() ? Create(info.Env(), source) : e.Throw(info.Env());
}

// (onEvents, onOverflow)
Napi::Value Watch::NetlinkMonitor(const Napi::CallbackInfo &info)
{
	Failure e;
	auto source = std::make_shared<MonitorSource>(info[0].As<Napi::Function>(),
						      info[1].As<Napi::Function>(), &e);

	return source->Opened() ? Create(info.Env(), source) : e.Throw(info.Env());
}
