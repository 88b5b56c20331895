use std::ptr;

use napi::bindgen_prelude::{Env, Result, Unknown};
use napi::{Error, JsValue, Status, check_status, sys};

/// A typed array over a SharedArrayBuffer, held by reference: while this lives its bytes stay where they are.
pub struct Handover {
    env: sys::napi_env,
    reference: sys::napi_ref,
    pub start: *mut u8,
    pub length: usize,
}

impl Handover {
    /// Takes over an array of this type; anything else is refused.
    pub fn of(env: &Env, array: Unknown, wanted: i32) -> Result<Handover> {
        let (mut kind, mut length, mut start) = (0, 0, ptr::null_mut());
        let (mut buffer, mut offset) = (ptr::null_mut(), 0);
        // SAFETY: all out parameters outlive the call; what is no typed array is answered with a status.
        check_status!(unsafe {
            sys::napi_get_typedarray_info(env.raw(), array.raw(), &mut kind, &mut length, &mut start, &mut buffer, &mut offset)
        })?;
        if kind != wanted {
            return Err(Error::new(Status::InvalidArg, "cannot take over the memory: it is a typed array of another type"));
        }
        let mut reference = ptr::null_mut();
        // SAFETY: as above.
        check_status!(unsafe { sys::napi_create_reference(env.raw(), array.raw(), 1, &mut reference) })?;
        Ok(Handover { env: env.raw(), reference, start: start.cast(), length })
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and this runs on the thread of its environment.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
