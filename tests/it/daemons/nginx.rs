//! nginx: a master that daemonizes, and workers that change their user when root starts them.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn nginx_with_its_workers_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| NGINX.does_not_outlive_guardrun());
}

#[test]
fn nginx_is_never_up_behind_a_fence() {
    daemon_test(|| NGINX.is_never_up_behind_a_fence());
}

const NGINX: Daemon = Daemon {
    programs: &["nginx"],
    who: Who::Anybody,
    start: r#"
cat > nginx.conf <<END
daemon on;
worker_processes 2;
pid $PWD/pid;
error_log $PWD/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $PWD/body;
  proxy_temp_path $PWD/proxy;
  fastcgi_temp_path $PWD/fastcgi;
  uwsgi_temp_path $PWD/uwsgi;
  scgi_temp_path $PWD/scgi;
  server {
    listen unix:$PWD/socket;
    location / { return 200 "alive"; }
  }
}
END
nginx -p "$PWD" -c "$PWD/nginx.conf" -e "$PWD/error.log"
echo "unix $PWD/socket" > address
"#,
    question: b"GET / HTTP/1.0\r\n\r\n",
    answer: b"alive",
    processes: &["nginx"],
};
