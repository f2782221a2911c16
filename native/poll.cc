// SPDX-License-Identifier: Apache-2.0
// libuv handles that end with the environment.
#include "binding.h"

Poll *Poll::Start(Napi::Env env, int fd, std::function<void()> ready, std::function<void()> ended)
{
	auto *poll = new Poll;
	uv_loop_t *loop = nullptr;

	if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
	    uv_poll_init(loop, &poll->poll_, fd) != 0) {
		delete poll;
		return nullptr;
	}
	uv_timer_init(loop, &poll->timer_);
	poll->poll_.data = poll;
	poll->timer_.data = poll;
	poll->ready_ = std::move(ready);
	poll->ended_ = std::move(ended);
	uv_unref(reinterpret_cast<uv_handle_t *>(&poll->timer_));
	uv_poll_start(&poll->poll_, UV_READABLE, [](uv_poll_t *handle, int, int) {
		static_cast<Poll *>(handle->data)->ready_();
	});
	napi_add_async_cleanup_hook(
		env,
		[](napi_async_cleanup_hook_handle, void *arg) {
			static_cast<Poll *>(arg)->Close();
		},
		poll, &poll->hook_);
	return poll;
}

void Poll::Close()
{
	if (closing_)
		return;
	closing_ = true;
	ended_();
	uv_close(reinterpret_cast<uv_handle_t *>(&poll_), OnClosed);
	uv_close(reinterpret_cast<uv_handle_t *>(&timer_), OnClosed);
}

void Poll::OnClosed(uv_handle_t *handle)
{
	auto *poll = static_cast<Poll *>(handle->data);

	if (--poll->open_handles_)
		return;
	napi_remove_async_cleanup_hook(poll->hook_);
	delete poll;
}

void Poll::KeepAlive(bool yes)
{
	auto *handle = reinterpret_cast<uv_handle_t *>(&poll_);

	if (yes)
		uv_ref(handle);
	else
		uv_unref(handle);
}

void Poll::SetTimeout(int milliseconds)
{
	if (closing_)
		return;
	if (milliseconds < 0) {
		uv_timer_stop(&timer_);
		return;
	}
	uv_timer_start(
		&timer_, [](uv_timer_t *handle) { static_cast<Poll *>(handle->data)->ready_(); },
		static_cast<uint64_t>(milliseconds), 0);
}

LoopScope::LoopScope(Napi::Env env)
    : env_(env), handles_(env), context_(env, "clearnat"), callbacks_(env, context_)
{
}

LoopScope::~LoopScope() = default;

void CallBack(const Napi::FunctionReference &function, std::vector<napi_value> arguments)
{
	Napi::Env env = function.Env();

	function.Value().Call(env.Global(), arguments);
	if (env.IsExceptionPending()) {
		Napi::Error error = env.GetAndClearPendingException();

		if (CanRun(env))
			napi_fatal_exception(env, error.Value());
	}
}
