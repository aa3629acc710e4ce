//! Managers that outlive a run and that a suite could reach by its environment: the desktop's bus, a container engine, the
//! user's own tmux. To what they start no run has a hold, so a policy can hide them.
//!
//! Taking a variable away is not enough where a program without it goes to a place that everybody knows: docker without
//! DOCKER_HOST takes the machine's own daemon, kubectl without KUBECONFIG the cluster in the home directory. There the
//! variable is set to a place where nothing is, or to a private directory.

/// One manager, and what hides it.
#[derive(Debug, PartialEq, Eq)]
pub struct Manager {
    /// The word in the policy.
    pub name: &'static str,
    /// Variables that are taken away; a last `*` stands for any rest.
    pub removes: &'static [&'static str],
    /// Variables that point to where nothing is.
    pub sets: &'static [(&'static str, &'static str)],
    /// Variables that get a private directory.
    pub private: &'static [&'static str],
    /// What a suite could do with it.
    pub why: &'static str,
    /// The way that stays open, for those who do not ask the environment.
    pub remains: &'static str,
}

/// Every manager that can be hidden. guardrun.toml(5) has the same table; a test holds the two together.
pub const MANAGERS: &[Manager] = &[
    Manager {
        name: "containerd",
        removes: &["CONTAINERD_NAMESPACE"],
        sets: &[("CONTAINERD_ADDRESS", "/dev/null")],
        private: &[],
        why: "containers are started by its daemon and not by the suite",
        remains: "/run/containerd/containerd.sock",
    },
    Manager {
        name: "dbus",
        removes: &["DBUS_STARTER_ADDRESS", "DBUS_STARTER_BUS_TYPE"],
        sets: &[
            ("DBUS_SESSION_BUS_ADDRESS", "disabled:"),
            ("DBUS_SYSTEM_BUS_ADDRESS", "disabled:"),
        ],
        private: &[],
        why: "the bus starts services on request, outside the run",
        remains: "$XDG_RUNTIME_DIR/bus and /run/dbus/system_bus_socket",
    },
    Manager {
        name: "docker",
        removes: &[
            "DOCKER_CONTEXT",
            "DOCKER_TLS_VERIFY",
            "DOCKER_CERT_PATH",
            "BUILDKIT_HOST",
        ],
        sets: &[("DOCKER_HOST", "unix:///dev/null")],
        private: &[],
        why: "containers are started by its daemon and not by the suite",
        remains: "/run/docker.sock and $XDG_RUNTIME_DIR/docker.sock",
    },
    Manager {
        name: "gpg-agent",
        removes: &["GPG_AGENT_INFO"],
        sets: &[],
        private: &["GNUPGHOME"],
        why: "gpg starts an agent for a home directory and leaves it there, with the keys of that home",
        remains: "--homedir, and /run/user/UID/gnupg",
    },
    Manager {
        name: "kubernetes",
        removes: &["KUBERNETES_*"],
        sets: &[("KUBECONFIG", "/dev/null")],
        private: &[],
        why: "what is started there runs on other machines",
        remains: "--kubeconfig, and the token that is mounted into pods",
    },
    Manager {
        name: "podman",
        removes: &["CONTAINER_CONNECTION", "CONTAINER_SSHKEY"],
        sets: &[("CONTAINER_HOST", "unix:///dev/null")],
        private: &[],
        why: "a remote podman starts containers outside the run; a local one needs no manager and is held",
        remains: "$XDG_RUNTIME_DIR/podman/podman.sock",
    },
    Manager {
        name: "screen",
        removes: &["STY", "WINDOW"],
        sets: &[],
        private: &["SCREENDIR"],
        why: "a suite inside the user's screen can open windows in it, and end it",
        remains: "/run/screen and ~/.screen",
    },
    Manager {
        name: "ssh-agent",
        removes: &["SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS"],
        sets: &[],
        private: &[],
        why: "it signs with the user's keys, and `ssh-agent -k` ends it",
        remains: "`IdentityAgent` in ssh_config(5)",
    },
    Manager {
        name: "systemd",
        removes: &[
            "NOTIFY_SOCKET",
            "INVOCATION_ID",
            "JOURNAL_STREAM",
            "MAINPID",
            "MANAGERPID",
            "MANAGERPIDFDID",
            "MEMORY_PRESSURE_WATCH",
            "MEMORY_PRESSURE_WRITE",
            "SYSTEMD_EXEC_PID",
            "WATCHDOG_PID",
            "WATCHDOG_USEC",
        ],
        sets: &[],
        private: &[],
        why: "the service that guardrun runs in is told that it is ready, or that it is stopping, by its suite",
        remains: "`systemctl --user` and `systemd-run --user` go by XDG_RUNTIME_DIR: make that private, and hide dbus",
    },
    Manager {
        name: "tmux",
        removes: &["TMUX", "TMUX_PANE"],
        sets: &[],
        private: &["TMUX_TMPDIR"],
        why: "`tmux kill-server` in a test ends the user's own sessions",
        remains: "/tmp/tmux-UID/default, for `tmux -S`",
    },
    Manager {
        name: "wayland",
        removes: &["WAYLAND_SOCKET"],
        sets: &[("WAYLAND_DISPLAY", "/dev/null")],
        private: &[],
        why: "windows open on the user's desktop",
        remains: "$XDG_RUNTIME_DIR/wayland-0",
    },
    Manager {
        name: "x11",
        removes: &["DISPLAY", "XAUTHORITY", "SESSION_MANAGER"],
        sets: &[],
        private: &[],
        why: "windows open on the user's desktop, and input goes to it",
        remains: "/tmp/.X11-unix, for who names a display",
    },
];

/// The manager of this name.
pub(super) fn find(name: &str) -> Option<&'static Manager> {
    MANAGERS.iter().find(|manager| manager.name == name)
}

#[cfg(test)]
mod tests {
    use super::MANAGERS;

    #[test]
    fn the_table_is_in_order_and_the_manual_has_all_of_it() {
        assert!(MANAGERS.is_sorted_by_key(|manager| manager.name));
        let manual = include_str!("../../docs/guardrun.toml.5.md");
        for manager in MANAGERS {
            let names = |names: &[&str]| {
                let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                quoted.join(", ")
            };
            let sets: Vec<_> = manager
                .sets
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let sets: Vec<_> = sets.iter().map(String::as_str).collect();
            let row = format!(
                "| `{}` | {} | {} | {} | {} |",
                manager.name,
                names(manager.removes),
                names(&sets),
                names(manager.private),
                manager.remains
            );
            let row = row.replace("  ", " ");
            assert!(
                manual.contains(&row),
                "guardrun.toml(5) lacks the row\n{row}"
            );
        }
    }
}
