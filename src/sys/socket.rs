//! The line between front and keeper: a pair of SOCK_SEQPACKET sockets (unix(7)), which keep messages apart.

use super::{check, check_long, fds};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// One end of the line.
#[derive(Debug)]
pub struct Line(OwnedFd);

/// Both ends, close-on-exec.
pub fn pair() -> io::Result<(Line, Line)> {
    let mut ends = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: socketpair writes two descriptors into an array of two.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    let (one, other) = fds::own_both(ends);
    Ok((Line(one), Line(other)))
}

impl Line {
    /// Sends one message. Never raises SIGPIPE; an error means that the other side is gone.
    pub fn send(&self, message: &[u8]) -> io::Result<()> {
        // SAFETY: the kernel reads `message.len()` bytes of a slice that outlives the call.
        let sent = unsafe {
            libc::send(
                self.0.as_raw_fd(),
                message.as_ptr().cast(),
                message.len(),
                libc::MSG_NOSIGNAL,
            )
        };
        if sent < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    /// Takes one message if there is one: its length, 0 when the other side is gone, or WouldBlock.
    pub fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the kernel writes at most `buffer.len()` bytes of a slice that outlives the call.
        let got = unsafe {
            libc::recv(
                self.0.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                libc::MSG_DONTWAIT,
            )
        };
        if got < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(got as usize)
        }
    }
}

/// A message that came with a descriptor.
#[derive(Debug)]
pub struct Parcel {
    /// The descriptor, close-on-exec; None when the sender had none to give.
    pub fd: Option<OwnedFd>,
    /// The sender's pid, in the pid namespace of the one who receives.
    pub sender: i32,
    /// What was said with it.
    pub word: i32,
}

/// Room for one descriptor and one set of credentials (cmsg(3)), aligned as control messages are to be.
type Control = [u64; 16];

impl Line {
    /// Asks that whatever arrives here says who sent it (SO_PASSCRED, unix(7)).
    pub fn want_senders(&self) -> io::Result<()> {
        let on: libc::c_int = 1;
        // SAFETY: SO_PASSCRED reads an int of the length that is given, which outlives the call.
        let done = unsafe {
            libc::setsockopt(
                self.0.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PASSCRED,
                (&raw const on).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        check(done).map(drop)
    }

    /// Sends a number and perhaps a descriptor (SCM_RIGHTS, unix(7)).
    pub fn send_parcel(&self, word: i32, fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let bytes = word.to_ne_bytes();
        let mut part = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let mut control: Control = [0; 16];
        // SAFETY: msghdr is plain old data for which all zeroes is a valid value.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        if let Some(fd) = fd {
            let length = size_of::<libc::c_int>() as libc::c_uint;
            message.msg_control = control.as_mut_ptr().cast();
            // SAFETY: CMSG_SPACE only calculates.
            message.msg_controllen = unsafe { libc::CMSG_SPACE(length) } as _;
            // SAFETY: `message` has a control buffer that is larger than one header.
            let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
            // SAFETY: it points at the first header of that buffer, which is aligned and outlives the reference.
            let header = unsafe { &mut *header };
            header.cmsg_level = libc::SOL_SOCKET;
            header.cmsg_type = libc::SCM_RIGHTS;
            // SAFETY: CMSG_LEN only calculates.
            header.cmsg_len = unsafe { libc::CMSG_LEN(length) } as _;
            // SAFETY: the header is in a buffer with room for its data.
            let data = unsafe { libc::CMSG_DATA(header) };
            // SAFETY: there is room for an int behind the header; nothing says that it is aligned for one.
            unsafe { data.cast::<libc::c_int>().write_unaligned(fd.as_raw_fd()) };
        }
        // SAFETY: `message` points at `part`, `bytes` and `control`, which outlive the call.
        let sent = unsafe { libc::sendmsg(self.0.as_raw_fd(), &message, libc::MSG_NOSIGNAL) };
        check_long(sent as libc::c_long).map(drop)
    }

    /// Takes one parcel if there is one: None when the other side is gone, or WouldBlock. Only for a line that wants
    /// senders.
    pub fn try_receive_parcel(&self) -> io::Result<Option<Parcel>> {
        let mut bytes = [0; 4];
        let mut part = libc::iovec {
            iov_base: bytes.as_mut_ptr().cast(),
            iov_len: bytes.len(),
        };
        let mut control: Control = [0; 16];
        // SAFETY: msghdr is plain old data for which all zeroes is a valid value.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of::<Control>() as _;
        let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
        // SAFETY: `message` points at `part`, `bytes` and `control`, which outlive the call.
        let got = unsafe { libc::recvmsg(self.0.as_raw_fd(), &mut message, flags) };
        if check_long(got as libc::c_long)? == 0 {
            return Ok(None);
        }
        let mut parcel = Parcel {
            fd: None,
            sender: 0,
            word: i32::from_ne_bytes(bytes),
        };
        // SAFETY: the kernel has filled in the control buffer and its length.
        let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
        // SAFETY: a pointer that CMSG_FIRSTHDR or CMSG_NXTHDR gives is null or points at a whole header in the buffer.
        while let Some(found) = unsafe { header.as_ref() } {
            // SAFETY: the kernel has put as many bytes behind the header as its type says.
            let data = unsafe { libc::CMSG_DATA(header) };
            match found.cmsg_type {
                libc::SCM_RIGHTS => {
                    // SAFETY: what is sent here is one descriptor; it is an int, aligned or not.
                    let fd = unsafe { data.cast::<libc::c_int>().read_unaligned() };
                    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
                    parcel.fd = Some(unsafe { OwnedFd::from_raw_fd(fd) });
                }
                libc::SCM_CREDENTIALS => {
                    // SAFETY: SCM_CREDENTIALS is one ucred, aligned or not.
                    parcel.sender = unsafe { data.cast::<libc::ucred>().read_unaligned() }.pid;
                }
                _ => {}
            }
            // SAFETY: `header` is one of the headers in the buffer of `message`.
            header = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
        }
        Ok(Some(parcel))
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The address that a socket is bound to, as people write it; None where it has none, or is no socket (getsockname(2)).
pub fn bound_address(socket: &OwnedFd) -> Option<String> {
    use nix::sys::socket::{SockaddrStorage, getsockname};
    let address: SockaddrStorage = getsockname(socket.as_raw_fd()).ok()?;
    if let Some(inet) = address.as_sockaddr_in() {
        return Some(format!("tcp {inet}"));
    }
    if let Some(inet) = address.as_sockaddr_in6() {
        return Some(format!("tcp {inet}"));
    }
    let unix = address.as_unix_addr()?;
    match (unix.path(), unix.as_abstract()) {
        (Some(path), _) => Some(format!("unix {}", path.display())),
        (_, Some(name)) => Some(format!("unix @{}", String::from_utf8_lossy(name))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{bound_address, pair};
    use std::os::fd::{AsFd, OwnedFd};

    #[test]
    fn a_descriptor_arrives_with_the_number_and_the_name_of_its_sender() {
        let (one, other) = pair().unwrap();
        one.want_senders().unwrap();
        let socket = OwnedFd::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let address = bound_address(&socket);
        assert!(
            address.as_deref().unwrap().starts_with("tcp 127.0.0.1:"),
            "{address:?}"
        );
        other.send_parcel(7, Some(socket.as_fd())).unwrap();
        other.send_parcel(8, None).unwrap();
        drop(socket);
        let first = one.try_receive_parcel().unwrap().unwrap();
        assert_eq!((first.word, first.sender), (7, std::process::id() as i32));
        assert_eq!(
            bound_address(&first.fd.unwrap()),
            address,
            "it is the same socket"
        );
        let second = one.try_receive_parcel().unwrap().unwrap();
        assert!(second.fd.is_none() && second.word == 8);
        assert!(one.try_receive_parcel().is_err(), "there is no more");
        drop(other);
        assert!(one.try_receive_parcel().unwrap().is_none());
    }
}
