use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{Env, Error, Function, Result};
use napi::{JsValue, check_status, sys};

// The part of libuv that the node binary exports and this file uses. A handle's size is asked for, not known.
unsafe extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_poll_init(event_loop: *mut sys::uv_loop_s, handle: *mut c_void, fd: c_int) -> c_int;
    fn uv_poll_start(handle: *mut c_void, events: c_int, callback: extern "C" fn(*mut c_void, c_int, c_int)) -> c_int;
    fn uv_handle_set_data(handle: *mut c_void, data: *mut c_void);
    fn uv_handle_get_data(handle: *const c_void) -> *mut c_void;
    fn uv_close(handle: *mut c_void, closed: extern "C" fn(*mut c_void));
}

const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

/// Calls JavaScript whenever a descriptor can be read, on the event loop of the thread that made the watch.
///
/// libuv owns the handle until its close callback, which may come after everything else of the environment: so it lies
/// in memory of its own, and an asynchronous clean-up hook keeps the environment waiting for that callback.
pub struct Watch {
    inner: *mut Inner,
    /// Set before `inner` may be freed.
    is_closing: Rc<Cell<bool>>,
}

struct Inner {
    env: sys::napi_env,
    callback: sys::napi_ref,
    hook: sys::napi_async_cleanup_hook_handle,
    handle: *mut c_void,
    layout: Layout,
    is_closing: Rc<Cell<bool>>,
    /// Runs before the handle is closed, when the environment ends while the watch is on.
    abandoned: Option<Box<dyn FnOnce()>>,
}

impl Watch {
    pub fn start(env: &Env, fd: c_int, callback: Function, abandoned: Box<dyn FnOnce()>) -> Result<Watch> {
        let event_loop = env.get_uv_event_loop()?;
        let mut reference = ptr::null_mut();
        // SAFETY: the out parameter outlives the call.
        check_status!(unsafe { sys::napi_create_reference(env.raw(), callback.raw(), 1, &mut reference) })?;
        // SAFETY: the size is libuv's own, and not 0.
        let (handle, layout) = unsafe {
            let layout = Layout::from_size_align(uv_handle_size(UV_POLL), 16).expect("a handle is small");
            (alloc_zeroed(layout).cast::<c_void>(), layout)
        };
        assert!(!handle.is_null(), "no memory for a handle");
        // SAFETY: the loop is that of this thread, the handle has the room that libuv asked for, and the descriptor is open.
        let code = unsafe { uv_poll_init(event_loop, handle, fd) };
        if code < 0 {
            // SAFETY: libuv did not take the handle.
            unsafe { dealloc(handle.cast(), layout) };
            return Err(Error::from_reason(format!("cannot watch the reactor: libuv answered {code}")));
        }
        let is_closing = Rc::new(Cell::new(false));
        let inner = Box::into_raw(Box::new(Inner {
            env: env.raw(),
            callback: reference,
            hook: ptr::null_mut(),
            handle,
            layout,
            is_closing: Rc::clone(&is_closing),
            abandoned: Some(abandoned),
        }));
        // SAFETY: `inner` lives until the close callback, and handle and hook are gone by then.
        unsafe {
            uv_handle_set_data(handle, inner.cast());
            let code = uv_poll_start(handle, UV_READABLE, on_readable);
            assert!(code == 0, "libuv polls what it took");
            check_status!(sys::napi_add_async_cleanup_hook(env.raw(), Some(on_environment_end), inner.cast(), &mut (*inner).hook))?;
        }
        Ok(Watch { inner, is_closing })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_closing.get() {
            // SAFETY: it is not freed before it is closing.
            unsafe { close(self.inner) };
        }
    }
}

/// # Safety
/// `inner` must not be freed yet: the close callback frees it.
unsafe fn close(inner: *mut Inner) {
    // SAFETY: by the caller.
    let inner = unsafe { &mut *inner };
    if inner.is_closing.replace(true) {
        return;
    }
    // SAFETY: the reference and the handle are ours and open.
    unsafe {
        sys::napi_delete_reference(inner.env, inner.callback);
        uv_close(inner.handle, on_closed);
    }
}

extern "C" fn on_closed(handle: *mut c_void) {
    // SAFETY: the data is the Inner of `start`, and this is the last that libuv does with the handle.
    unsafe {
        let inner = Box::from_raw(uv_handle_get_data(handle).cast::<Inner>());
        sys::napi_remove_async_cleanup_hook(inner.hook);
        dealloc(handle.cast(), inner.layout);
    }
}

/// The environment ends while the watch is on: its worker was terminated, or the process exits.
extern "C" fn on_environment_end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    let inner = data.cast::<Inner>();
    // SAFETY: the hook is removed before the Inner is freed.
    unsafe {
        let abandoned = (*inner).abandoned.take();
        close(inner);
        if let Some(abandoned) = abandoned {
            abandoned();
        }
    }
}

extern "C" fn on_readable(handle: *mut c_void, _status: c_int, _events: c_int) {
    // SAFETY: the data is the Inner of `start`; libuv calls on the thread of the environment, outside of JavaScript.
    unsafe {
        let inner = &*uv_handle_get_data(handle).cast::<Inner>();
        let mut scope = ptr::null_mut();
        if sys::napi_open_handle_scope(inner.env, &mut scope) != sys::Status::napi_ok {
            return;
        }
        call(inner.env, inner.callback);
        sys::napi_close_handle_scope(inner.env, scope);
    }
}

/// # Safety
/// Inside a handle scope of `env`, with a reference that is alive.
unsafe fn call(env: sys::napi_env, callback: sys::napi_ref) {
    let (mut function, mut global, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: by the caller; all out parameters outlive the calls.
    unsafe {
        sys::napi_get_reference_value(env, callback, &mut function);
        sys::napi_get_global(env, &mut global);
        let status = sys::napi_make_callback(env, ptr::null_mut(), global, function, 0, ptr::null(), ptr::null_mut());
        // Nothing can catch an error that a turn throws: the thread ends with it.
        if status == sys::Status::napi_pending_exception && sys::napi_get_and_clear_last_exception(env, &mut error) == sys::Status::napi_ok
        {
            sys::napi_fatal_exception(env, error);
        }
    }
}
