//! Reading another process's memory: process_vm_readv(2).
//!
//! What is read may be changed by another thread of that process right afterwards. Whoever decides by it decides about
//! what stood there, not about what the kernel will find.

use super::check_long;
use std::io;

/// The most that is read in one go. A page boundary is never crossed within one: what lies behind it may not be mapped,
/// and then nothing at all would be read.
const PAGE: usize = 4096;

/// Reads up to `buffer.len()` bytes at `address`; fewer where the mapping ends.
fn read(process: i32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let here = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let there = libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: buffer.len(),
    };
    // SAFETY: `here` describes a buffer of ours that outlives the call; `there` is only a number to this process.
    let got = unsafe { libc::process_vm_readv(process, &here, 1, &there, 1, 0) };
    check_long(got as libc::c_long).map(|got| got as usize)
}

/// The text at `address` up to its NUL, or its first `limit` bytes.
pub fn text(process: i32, address: u64, limit: usize) -> io::Result<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = address;
    while found.len() < limit {
        let mut part = [0; PAGE];
        let to_boundary = PAGE - at as usize % PAGE;
        let got = read(process, at, &mut part[..to_boundary])?;
        if got == 0 {
            break;
        }
        let part = &part[..got];
        if let Some(end) = part.iter().position(|byte| *byte == 0) {
            found.extend_from_slice(&part[..end]);
            break;
        }
        found.extend_from_slice(part);
        at += got as u64;
    }
    found.truncate(limit);
    Ok(found)
}

/// The texts of an array of pointers that ends in a null one, such as the arguments of execve(2): at most `number` of them,
/// of at most `limit` bytes each. `pointer` is the size of a pointer there, 4 or 8.
pub fn texts(
    process: i32,
    address: u64,
    pointer: usize,
    number: usize,
    limit: usize,
) -> io::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    // execve(2): a null array is an empty one.
    while address != 0 && found.len() < number {
        let mut bytes = [0; 8];
        let at = address + (found.len() * pointer) as u64;
        if read(process, at, &mut bytes[..pointer])? != pointer {
            break;
        }
        match u64::from_le_bytes(bytes) {
            0 => break,
            text_at => found.push(text(process, text_at, limit)?),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{text, texts};

    #[test]
    fn what_lies_in_memory_is_read_up_to_its_end() {
        let own = std::process::id() as i32;
        let words = [c"one", c"", c"three"];
        assert_eq!(text(own, words[2].as_ptr() as u64, 99).unwrap(), b"three");
        assert_eq!(text(own, words[2].as_ptr() as u64, 2).unwrap(), b"th");
        let mut array: Vec<u64> = words.iter().map(|word| word.as_ptr() as u64).collect();
        array.push(0);
        let read = |number| texts(own, array.as_ptr() as u64, 8, number, 99).unwrap();
        assert_eq!(read(9), [&b"one"[..], b"", b"three"]);
        assert_eq!(read(2).len(), 2);
        assert!(texts(own, 0, 8, 9, 9).unwrap().is_empty());
        assert!(text(own, 8, 9).is_err(), "nothing lies there");
    }

    #[test]
    fn a_long_text_is_read_over_the_ends_of_pages() {
        let long = vec![b'x'; 3 * super::PAGE + 5];
        let mut with_end = long.clone();
        with_end.push(0);
        let own = std::process::id() as i32;
        assert_eq!(text(own, with_end.as_ptr() as u64, 99_999).unwrap(), long);
    }
}
