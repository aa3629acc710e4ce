//! Furnishing new namespaces: user_namespaces(7), pid_namespaces(7), mount_namespaces(7).

use nix::mount::{MsFlags, mount};
use nix::unistd::{getegid, geteuid};
use std::io;

/// The caller's own ids, taken before a new user namespace hides them.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    user: u32,
    group: u32,
}

impl Ids {
    /// The effective ids of this process.
    pub fn own() -> Ids {
        Ids {
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
        }
    }

    /// Maps these ids to themselves in the new user namespace of the calling process, so that files keep their owner
    /// and the suite sees the user that it knows. Supplementary groups can no longer be dropped or set.
    pub fn map(self) -> io::Result<()> {
        std::fs::write("/proc/self/setgroups", "deny")?;
        std::fs::write("/proc/self/uid_map", format!("{0} {0} 1", self.user))?;
        std::fs::write("/proc/self/gid_map", format!("{0} {0} 1", self.group))
    }
}

/// Mounts a /proc that shows the calling process's own pid namespace, in its own mount namespace. What is mounted outside
/// later still arrives (MS_SLAVE); what is mounted here stays here.
pub fn mount_own_proc() -> io::Result<()> {
    let (no_path, no_text) = (None::<&str>, None::<&str>);
    mount(
        no_path,
        "/",
        no_text,
        MsFlags::MS_REC | MsFlags::MS_SLAVE,
        no_text,
    )?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, no_text)?;
    Ok(())
}
