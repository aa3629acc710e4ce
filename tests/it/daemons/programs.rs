//! Which programs are installed, and which package has those that are not: `packages`, the one list.

use crate::support::gate;
use std::path::Path;

const PACKAGES: &str = include_str!("packages");
/// Where programs are, besides the usual places: Debian keeps PostgreSQL's out of the way.
const PLACES: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// Whether all of them are installed; skips the calling test by the name of what is missing.
pub(super) fn are_here(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !is_here(program));
    if let Some(program) = missing {
        gate::skip(
            program,
            &format!("not installed; Debian has it in {}", package_of(program)),
        );
    }
    missing.is_none()
}

fn is_here(program: &str) -> bool {
    let somewhere = PLACES
        .iter()
        .any(|place| Path::new(place).join(program).exists());
    somewhere || (program == "pg_ctl" && Path::new("/usr/lib/postgresql").exists())
}

fn package_of(program: &str) -> &'static str {
    let rows = PACKAGES.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| row.split_once(' '))
        .find(|(_, of_package)| of_package.trim() == program)
        .map(|(package, _)| package)
        .unwrap_or_else(|| panic!("{program} is in no line of tests/it/daemons/packages"))
}

#[test]
fn every_line_of_the_list_is_a_package_and_its_program() {
    for row in PACKAGES.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(row.split_whitespace().count(), 2, "{row:?}");
    }
}
