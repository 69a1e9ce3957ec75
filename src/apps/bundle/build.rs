//! Does this folder have to be built first, and how?
//!
//! A `package.json` with a `build` script is built with the package manager whose
//! lockfile lies beside it, in the caller's environment and with the caller's
//! rights: it is the owner's own code on the owner's own machine. Nothing here
//! ever runs on a node for an upload.

use std::{
    collections::VecDeque,
    fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use serde_json::Value;
use thiserror::Error;

use super::folder::LocalFile;

/// Where builds put their result, in the order of preference.
const OUTPUTS: [&str; 5] = ["dist", "build", "out", ".output/public", ".output"];

/// The files and folders of the source that belong to the app though a build does
/// not copy them.
const TRAVELLERS: [&str; 5] = ["manifest.json", "_redirects", "_headers", "api", "private"];

/// How many of the last lines an error shows.
const TAIL_LINES: usize = 20;

/// How long the output of a finished command is waited for: a daemon it left behind
/// may hold the pipe open for ever.
const GRACE: Duration = Duration::from_millis(300);

/// How a folder is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The folder with the `package.json`.
    pub dir: PathBuf,
    /// The package manager's program.
    pub program: &'static str,
    /// The arguments that install the dependencies, where that is needed.
    pub install: Option<Vec<&'static str>>,
    /// The arguments that build.
    pub build: Vec<&'static str>,
}

/// Why a folder could not be built.
#[derive(Debug, Error)]
pub enum BuildProblem {
    #[error("cannot read `{}`; make it readable or deploy with `--no-build`", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` is not valid JSON; correct it or deploy with `--no-build`", path.display())]
    Package {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error(
        "the program `{program}`, which the lockfile asks for, is not installed; \
         install it or deploy the built folder with `--no-build`"
    )]
    NoProgram { program: &'static str },
    #[error("cannot run `{command}`; deploy the built folder with `--no-build`")]
    Start {
        command: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "`{command}` failed with {status}; correct it or deploy the folder as it is \
         with `--no-build`. Its last lines:\n{tail}"
    )]
    Failed { command: String, status: ExitStatus, tail: String },
    #[error(
        "the build of `{}` left no `index.html` or `manifest.json` in {}; \
         set its output to `dist`, or deploy the folder it made with `--no-build`",
        dir.display(), OUTPUTS.join(", ")
    )]
    NoOutput { dir: PathBuf },
}

/// Whether a path in a folder that is built is below where its builds put their result.
#[must_use]
pub fn is_output(within: &Path) -> bool {
    OUTPUTS.iter().any(|output| within.starts_with(output))
}

/// Finds out whether and how a folder is built.
///
/// # Errors
///
/// When its `package.json` cannot be read.
pub fn detect(dir: &Path) -> Result<Option<Build>, BuildProblem> {
    let path = dir.join("package.json");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => {
            let absent =
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
            return if absent { Ok(None) } else { Err(BuildProblem::Unreadable { path, source }) };
        }
    };
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let package: Value =
        serde_json::from_slice(bytes).map_err(|source| BuildProblem::Package { path, source })?;
    if package["scripts"]["build"].as_str().is_none_or(|script| script.trim().is_empty()) {
        return Ok(None);
    }
    let has = |name: &str| dir.join(name).exists();
    let (program, install) = if has("package-lock.json") {
        ("npm", vec!["ci"])
    } else if has("pnpm-lock.yaml") {
        ("pnpm", vec!["install", "--frozen-lockfile"])
    } else if has("yarn.lock") {
        // Yarn 2 and later have a configuration file of their own and renamed the flag.
        let flag = if has(".yarnrc.yml") { "--immutable" } else { "--frozen-lockfile" };
        ("yarn", vec!["install", flag])
    } else if has("bun.lock") || has("bun.lockb") {
        ("bun", vec!["install", "--frozen-lockfile"])
    } else {
        ("npm", vec!["install"])
    };
    // `.pnp.cjs` is what Yarn writes in place of `node_modules`.
    let installed = has("node_modules") || has(".pnp.cjs");
    let install = (needs_packages(&package) && !installed).then_some(install);
    Ok(Some(Build { dir: dir.to_owned(), program, install, build: vec!["run", "build"] }))
}

fn needs_packages(package: &Value) -> bool {
    ["dependencies", "devDependencies", "optionalDependencies", "workspaces"].iter().any(|key| {
        match &package[key] {
            Value::Object(named) => !named.is_empty(),
            Value::Array(listed) => !listed.is_empty(),
            _ => false,
        }
    })
}

/// Ends a build from elsewhere, with all that it started.
#[derive(Default)]
pub struct Leash(Mutex<Held>);

#[derive(Default)]
struct Held {
    pulled: bool,
    /// The command that runs, as the head of its group.
    child: Option<u32>,
}

impl Leash {
    /// Ends the command that runs, and lets no other begin.
    pub fn pull(&self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.pulled = true;
        if let Some(child) = held.child.take() {
            end_group(child);
        }
    }

    fn start(&self, command: &mut Command) -> io::Result<Child> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.pulled {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the deploy was cancelled"));
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn()?;
        held.child = Some(child.id());
        Ok(child)
    }

    fn let_go(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).child = None;
    }
}

#[cfg(unix)]
fn end_group(child: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(child).ok().and_then(Pid::from_raw) {
        // One that has ended by itself is no failure.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(_: u32) {}

impl Build {
    /// Installs what is missing and builds; answers the folder with the result.
    /// On a leash it can be ended before.
    ///
    /// # Errors
    ///
    /// When a command is missing or fails, or the build leaves nothing to deploy.
    pub fn run(
        &self,
        leash: Option<&Leash>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<PathBuf, BuildProblem> {
        if let Some(install) = &self.install {
            self.command(install, leash, on_line)?;
        }
        self.command(&self.build, leash, on_line)?;
        let made = |output: &PathBuf| {
            ["index.html", "manifest.json"].iter().any(|name| output.join(name).is_file())
        };
        let output = OUTPUTS.iter().map(|output| self.dir.join(output)).find(made);
        output.ok_or_else(|| BuildProblem::NoOutput { dir: self.dir.clone() })
    }

    fn command(
        &self,
        arguments: &[&str],
        leash: Option<&Leash>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<(), BuildProblem> {
        let shown = format!("{} {}", self.program, arguments.join(" "));
        #[expect(clippy::disallowed_methods, reason = "this is the one place that runs programs")]
        let mut command = Command::new(self.program);
        command.args(arguments).current_dir(&self.dir);
        let mut tail = VecDeque::new();
        let status = stream(command, leash, &mut |line| {
            on_line(line);
            tail.truncate(TAIL_LINES - 1);
            tail.push_front(line.to_owned());
        });
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                Err(BuildProblem::Failed { command: shown, status, tail })
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Err(BuildProblem::NoProgram { program: self.program })
            }
            Err(source) => Err(BuildProblem::Start { command: shown, source }),
        }
    }
}

/// Runs a command to its end and hands over what it prints, line by line as it comes.
fn stream(
    mut command: Command,
    leash: Option<&Leash>,
    on_line: &mut dyn FnMut(&str),
) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = match leash {
        Some(leash) => leash.start(&mut command)?,
        None => command.spawn()?,
    };
    let status = follow(child, on_line);
    if let Some(leash) = leash {
        leash.let_go();
    }
    status
}

/// Hands over what a command prints, until it ends.
fn follow(mut child: Child, on_line: &mut dyn FnMut(&str)) -> io::Result<ExitStatus> {
    let (sender, lines) = mpsc::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    if let Some(pipe) = stdout {
        let sender = sender.clone();
        thread::spawn(move || forward(pipe, &sender));
    }
    if let Some(pipe) = stderr {
        thread::spawn(move || forward(pipe, &sender));
    }
    loop {
        match lines.recv_timeout(GRACE) {
            Ok(line) => on_line(&line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return child.wait(),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait()? {
                    return Ok(status);
                }
            }
        }
    }
}

fn forward(pipe: impl Read, lines: &mpsc::Sender<String>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    // A pipe that breaks ends the output, not the build.
    while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send(text.trim_end().to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Whether a path of the source may travel along with a build's output.
#[must_use]
pub fn travels(path: &str) -> bool {
    TRAVELLERS.contains(&top(path))
}

/// The files of the source that travel along: those named in no part of the output.
///
/// `api` and `private` travel whole or not at all: half a folder from the build and
/// half from the source would be an app nobody wrote.
#[must_use]
pub fn overlay(source: Vec<LocalFile>, output: &[LocalFile]) -> Vec<LocalFile> {
    let made = |name: &str| output.iter().any(|file| top(file.path.as_str()) == name);
    let taken: Vec<&str> = TRAVELLERS.into_iter().filter(|name| !made(name)).collect();
    source.into_iter().filter(|file| taken.contains(&top(file.path.as_str()))).collect()
}

fn top(path: &str) -> &str {
    path.split_once('/').map_or(path, |(top, _)| top)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{super::path::FilePath, *};

    fn project(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let package = r#"{"scripts":{"build":"x"},"devDependencies":{"vite":"1"}}"#;
        fs::write(dir.path().join("package.json"), package).unwrap();
        for file in files {
            fs::write(dir.path().join(file), "").unwrap();
        }
        dir
    }

    fn detected(files: &[&str]) -> (&'static str, String) {
        let build = detect(project(files).path()).unwrap().unwrap();
        (build.program, build.install.unwrap_or_default().join(" "))
    }

    /// A build whose package manager is the shell.
    fn shell(dir: &Path, install: Option<&'static str>, build: &'static str) -> Build {
        let install = install.map(|script| vec!["-c", script]);
        Build { dir: dir.to_owned(), program: "sh", install, build: vec!["-c", build] }
    }

    fn file(path: &str) -> LocalFile {
        let path = FilePath::parse(path).unwrap();
        LocalFile { path, source: PathBuf::new(), size: 0, modified: SystemTime::UNIX_EPOCH }
    }

    #[test]
    fn the_lockfile_chooses_the_package_manager() {
        assert_eq!(detected(&[]), ("npm", "install".into()));
        assert_eq!(detected(&["package-lock.json"]), ("npm", "ci".into()));
        assert_eq!(detected(&["pnpm-lock.yaml"]), ("pnpm", "install --frozen-lockfile".into()));
        assert_eq!(detected(&["yarn.lock"]), ("yarn", "install --frozen-lockfile".into()));
        assert_eq!(detected(&["yarn.lock", ".yarnrc.yml"]), ("yarn", "install --immutable".into()));
        assert_eq!(detected(&["bun.lock"]), ("bun", "install --frozen-lockfile".into()));
        assert_eq!(detected(&["bun.lockb"]).0, "bun");
    }

    #[test]
    fn nothing_is_installed_that_is_there_or_not_needed() {
        let dir = project(&["package-lock.json"]);
        fs::create_dir(dir.path().join("node_modules")).unwrap();
        assert_eq!(detect(dir.path()).unwrap().unwrap().install, None);
        let dir = project(&[]);
        fs::write(dir.path().join("package.json"), r#"{"scripts":{"build":"x"}}"#).unwrap();
        assert_eq!(detect(dir.path()).unwrap().unwrap().install, None);
    }

    #[test]
    fn a_folder_without_a_build_script_is_not_built() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(detect(dir.path()).unwrap(), None);
        for text in ["{}", r#"{"scripts":{"dev":"x"}}"#, r#"{"scripts":{"build":" "}}"#, "[1]"] {
            fs::write(dir.path().join("package.json"), text).unwrap();
            assert_eq!(detect(dir.path()).unwrap(), None, "{text}");
        }
        fs::write(dir.path().join("package.json"), "{").unwrap();
        assert!(matches!(detect(dir.path()), Err(BuildProblem::Package { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_build_reports_its_lines_and_answers_its_output() {
        let dir = tempfile::tempdir().unwrap();
        let script =
            "echo built >&2; mkdir -p out .output/public && cp i .output/public/index.html";
        let build = shell(dir.path(), Some("echo installed; touch i"), script);
        let mut lines = Vec::new();
        let output = build.run(None, &mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(output, dir.path().join(".output/public"));
        assert_eq!(lines, ["installed", "built"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_failed_build_shows_its_last_lines_its_code_and_the_way_round() {
        let dir = tempfile::tempdir().unwrap();
        let script = "for i in $(seq 1 50); do echo line $i; done; exit 3";
        let message =
            shell(dir.path(), None, script).run(None, &mut |_| {}).unwrap_err().to_string();
        assert!(message.contains("status: 3") && message.contains("--no-build"), "{message}");
        assert!(message.contains("line 31\n") && message.ends_with("line 50"), "{message}");
        assert!(!message.contains("line 30\n"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a real process takes real time")]
    fn a_process_left_behind_does_not_hold_up_the_deploy() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dist")).unwrap();
        fs::write(dir.path().join("dist/index.html"), "").unwrap();
        let started = std::time::Instant::now();
        shell(dir.path(), None, "sleep 8 & echo done").run(None, &mut |_| {}).unwrap();
        assert!(started.elapsed() < Duration::from_secs(6));
    }

    #[test]
    fn a_missing_program_and_a_missing_output_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let program = "no-such-package-manager";
        let none = Build { program, ..shell(dir.path(), None, "") };
        assert!(matches!(none.run(None, &mut |_| {}), Err(BuildProblem::NoProgram { .. })));
        let idle = shell(dir.path(), None, "true").run(None, &mut |_| {}).unwrap_err();
        assert!(matches!(idle, BuildProblem::NoOutput { .. }));
        assert!(idle.to_string().contains("dist, build, out"), "{idle}");
    }

    #[test]
    fn only_what_the_output_lacks_travels_along() {
        let source = ["manifest.json", "_headers", "api/a.ts", "api/b.ts", "private/x", "src/x"];
        let output = ["index.html", "_headers", "api/a.js"].map(file);
        let added = overlay(source.into_iter().map(file).collect(), &output);
        let added: Vec<_> = added.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(added, ["manifest.json", "private/x"]);
        assert!(travels("api/x/y.ts") && !travels("apix") && !travels("src/api"));
    }

    #[cfg(unix)]
    #[test]
    fn a_build_on_a_leash_ends_with_all_it_started_when_that_is_pulled() {
        let dir = tempfile::tempdir().unwrap();
        let leash = Leash::default();
        let script = "echo begun; sleep 60 | sleep 60; echo over";
        let mut lines = Vec::new();
        let ended = shell(dir.path(), None, script).run(Some(&leash), &mut |line| {
            lines.push(line.to_owned());
            leash.pull();
        });
        assert!(matches!(ended, Err(BuildProblem::Failed { .. })));
        assert_eq!(lines, ["begun"]);
        let again = shell(dir.path(), None, "echo again").run(Some(&leash), &mut |_| {});
        assert!(matches!(again, Err(BuildProblem::Start { .. })));
    }
}
