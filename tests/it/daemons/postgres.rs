//! PostgreSQL by pg_ctl: a postmaster in a session of its own with half a dozen children. It refuses to be run by root, so
//! that root's suite becomes somebody else first, which clears the death signal (prctl(2)).

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn postgres_started_by_pg_ctl_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| POSTGRES.does_not_outlive_guardrun());
}

#[test]
fn postgres_is_never_up_behind_a_fence() {
    daemon_test(|| POSTGRES.is_never_up_behind_a_fence());
}

const POSTGRES: Daemon = Daemon {
    programs: &["pg_ctl", "setpriv"],
    who: Who::AnybodyWithAnAccount,
    start: r#"
for bin in /usr/lib/postgresql/*/bin; do PATH="$bin:$PATH"; done
mkdir pg
as=
if [ "$(id -u)" = 0 ]; then
  # The way to the data has to be open to whoever it belongs to.
  chmod 711 .. .
  chown nobody pg
  as='setpriv --reuid nobody --regid nogroup --clear-groups'
fi
cd pg
$as initdb --no-sync --auth trust --username test data > init.log 2>&1
$as pg_ctl --silent --wait --pgdata data --log server.log \
  --options "-c listen_addresses= -c fsync=off -k $PWD" start > start.log 2>&1
cd ..
echo "unix $PWD/pg/.s.PGSQL.5432" > address
"#,
    // An SSLRequest; N is "no" and S is "yes" (PostgreSQL's manual, "Message Flow").
    question: b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
    answer: b"N",
    processes: &["postgres"],
};
