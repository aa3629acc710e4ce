//! What this machine cannot give, in a virtual one: memory and pids controllers, systemd, other kernels, no user
//! namespaces, and the kernel's choice of a victim when 512 MiB are used up.
//!
//! `GUARDRUN_VM` names the program that boots one; docs/testing.md says what it is called with. Where it is not set these tests are
//! skipped by name, also where skips are failures: no test can install a virtual machine.

mod ceilings;
mod incident;
mod kernels;
mod records;
mod vm;
