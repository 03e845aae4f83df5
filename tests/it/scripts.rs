//! The scripts in the hands of a newcomer: what is missing is told before anything is fetched, and Ctrl-C ends it all.

use std::{
    io::Write,
    os::unix::{
        fs::{OpenOptionsExt, symlink},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use expect_test::{Expect, expect};

use crate::{
    harness::{PATIENCE, scratch},
    servers::Scratch,
};

/// All that `scripts/test` calls before it calls cargo, and to clean up.
const TOOLS: [&str; 15] = [
    "bash", "cat", "cut", "dirname", "find", "grep", "id", "mkdir", "mktemp", "rm", "sed", "mv", "sh", "sleep", "sort",
];

/// A machine that has the tools, the cargo whose text is given, and nothing else.
struct Machine(Scratch);

impl Machine {
    fn with(cargo: Option<&str>) -> Self {
        let machine = Self(scratch());
        for directory in ["bin", "tmp", ".fonts"] {
            std::fs::create_dir(machine.path(directory)).unwrap();
        }
        for tool in TOOLS {
            let found = ["/usr/bin", "/bin"].map(|directory| Path::new(directory).join(tool));
            let found = found.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("there is no {tool}"));
            symlink(found, machine.path("bin").join(tool)).unwrap();
        }
        machine.script("cc", "");
        cargo.inspect(|text| machine.script("cargo", text));
        std::fs::write(machine.path(".fonts/a.ttf"), "").unwrap();
        machine
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        let file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(self.path("bin").join(name));
        write!(file.unwrap(), "#!/bin/sh\n{text}\n").unwrap();
    }

    /// As if started from a terminal: the first of its process group. Servers and browser are named, none is started.
    fn test(&self) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/test"));
        command.env_clear().env("PATH", self.path("bin")).env("HOME", self.path("")).env("TMPDIR", self.path("tmp"));
        for name in [
            "POSTGRES_URL",
            "AMQP_URL",
            "CHROMEDRIVER",
            "CHROMIUM",
            "AXE",
            "PYTHON",
            "ASYNCAPI",
            "OIDC",
            "KUBECTL",
            "PROMTOOL",
            "NO_SANDBOX",
        ] {
            command.env(format!("TEST_{name}"), "named");
        }
        command.process_group(0).stdin(Stdio::null());
        command
    }
}

fn check_refusal(cargo: Option<&str>, expected: Expect) {
    let machine = Machine::with(cargo);
    let Output { status, stdout, stderr } = machine.test().output().unwrap();
    expected.assert_eq(&String::from_utf8(stderr).unwrap());
    assert_eq!((status.code(), stdout), (Some(1), Vec::new()), "nothing was done before");
}

#[test]
fn what_is_wrong_with_cargo_is_told_before_anything_is_fetched() {
    check_refusal(
        None,
        expect![[r#"
            --- there is no cargo: install Rust 1.95 or later, by https://rustup.rs
        "#]],
    );
    check_refusal(
        Some("exit 1"),
        expect![[r#"
            --- cargo does not run: install Rust 1.95 or later, by https://rustup.rs
        "#]],
    );
    check_refusal(
        Some("echo 'cargo 1.65.0'"),
        expect![[r#"
            --- this is cargo 1.65.0, and Rust 1.95 or later is needed: `rustup update`, or install it by https://rustup.rs
        "#]],
    );
    check_refusal(
        Some(r#"[ "$1" = --version ] && echo 'cargo 1.95.0 (f2d3ce0bd 2026-03-21)'"#),
        expect![[r#"
            --- cargo has no fmt or no clippy: `rustup component add rustfmt clippy`
        "#]],
    );
}

/// As the real one: gone with Ctrl-C at once, while the tests take the signal for somebody else's.
const DEAF: &str = r#"
case $1 in
--version) echo 'cargo 99.0.0' ;;
test)
    sh -c 'trap "" INT; echo $$ >"$HOME/started.new"; mv "$HOME/started.new" "$HOME/started"
        while :; do mkdir -p "$TMPDIR/left"; sleep 0.01; done' &
    wait ;;
esac"#;

#[test]
fn ctrl_c_ends_the_tests_and_leaves_nothing() {
    let machine = Machine::with(Some(DEAF));
    let mut script = machine.test().stdout(Stdio::null()).spawn().unwrap();
    let tests = wait_for("the tests begin", || std::fs::read_to_string(machine.path("started")).ok());
    let tests = tests.trim();
    interrupt(&script);
    let status = wait_for("the script ends", || script.try_wait().unwrap());
    let running = std::fs::read_to_string(format!("/proc/{tests}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
    let _ = Command::new("kill").args(["-KILL", tests]).stderr(Stdio::null()).status();
    assert_eq!(status.code(), Some(130));
    assert!(!running, "the tests go on");
    let left: Vec<_> = std::fs::read_dir(machine.path("tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What a terminal does at Ctrl-C.
fn interrupt(leader: &Child) {
    let group = format!("-{}", leader.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
