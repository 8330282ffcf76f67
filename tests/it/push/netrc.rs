//! Where the file of logins is: `NETRC`, which libcurl reads from 8.16 on, and `~/.netrc`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::as_git::Twin;
use super::served::guarded;

const LOGIN: &str = "machine 127.0.0.1 login me password pw\n";

/// Guards that, as for libcurl, everybody may be able to read the file at home.
#[test]
fn the_file_at_home_counts_whatever_its_mode_and_where_the_variable_names_none() {
    for variable in [None, Some("/nonexistent/netrc")] {
        let mut twin = Twin::new(guarded());
        let file = twin.served.sandbox.write("home/.netrc", LOGIN);
        std::fs::set_permissions(file, Permissions::from_mode(0o666)).unwrap();
        match variable {
            None => twin.both_arrive(),
            Some(path) => {
                twin.variables.push(("NETRC", path.to_owned()));
                twin.we_arrive();
            }
        }
    }
}

#[test]
fn the_file_of_the_variable_counts_from_the_top_of_the_work_tree() {
    let mut twin = Twin::new(guarded());
    let sandbox = &twin.served.sandbox;
    sandbox.write("home/.netrc", LOGIN.replace("pw", "wrong"));
    std::fs::write(twin.served.work.join("logins"), LOGIN).unwrap();
    let below = twin.served.work.join("below");
    std::fs::create_dir(&below).unwrap();
    twin.directory = below;
    twin.variables.push(("NETRC", "logins".to_owned()));
    twin.we_arrive();
}
