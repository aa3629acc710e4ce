//! The last steps of a child before it becomes the user's command: exec(3) with everything prepared beforehand.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString, c_char};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A command with its environment, ready for exec.
#[derive(Clone, Debug)]
pub struct Command {
    args: Vec<CString>,
    environment: Vec<CString>,
}

impl Command {
    /// Prepares it. An argument or variable with a NUL byte cannot be passed on.
    pub fn new(
        args: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> io::Result<Command> {
        let args = args
            .into_iter()
            .map(|arg| CString::new(arg.into_vec()))
            .collect::<Result<Vec<_>, _>>()?;
        let environment = environment
            .into_iter()
            .map(|(name, value)| {
                let mut pair = name.into_vec();
                pair.push(b'=');
                pair.extend_from_slice(value.as_bytes());
                CString::new(pair)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if args.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is no command",
            ));
        }
        Ok(Command { args, environment })
    }

    /// Gives a variable another value, in the child: some are about the process that reads them, such as LISTEN_PID.
    pub fn set(&mut self, name: &str, value: &str) {
        let prefix = format!("{name}=");
        self.environment
            .retain(|pair| !pair.as_bytes().starts_with(prefix.as_bytes()));
        if let Ok(pair) = CString::new(prefix + value) {
            self.environment.push(pair);
        }
    }

    /// The program, as it was given.
    pub fn program(&self) -> &OsStr {
        OsStr::from_bytes(self.args[0].as_bytes())
    }

    /// Becomes the command; returns only if that fails. Looks the program up in PATH as a shell does.
    pub fn exec(&self) -> io::Result<Infallible> {
        let args = null_terminated(&self.args);
        let environment = null_terminated(&self.environment);
        // SAFETY: both arrays hold pointers to NUL-terminated strings that `self` keeps alive, end with a null pointer,
        // and outlive the call, which either does not return or has changed nothing.
        unsafe { libc::execvpe(self.args[0].as_ptr(), args.as_ptr(), environment.as_ptr()) };
        Err(io::Error::last_os_error())
    }
}

fn null_terminated(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([std::ptr::null()])
        .collect()
}
