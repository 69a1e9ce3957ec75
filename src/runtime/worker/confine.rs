//! What a worker gives up before it runs a script.
//!
//! It was started with nothing; here it loses the means to get something. All of it is
//! a belt beside the engine, which gives scripts no way to the system at all.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Address space: far more than scripts may take, and the stack, and what the allocator
/// reserves.
const SPACE: u64 = 8 << 30;

/// Bounds the process. Called before its threads are started.
pub(super) fn process() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        fazt_meter::close_inherited();
        // A node that is killed takes its workers along.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
    let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
    let _ = setrlimit(Resource::Core, limit(0));
    let _ = setrlimit(Resource::As, limit(SPACE));
}

/// Gives up every system call that running scripts does not take: files, sockets,
/// processes. A call that is made nevertheless fails. Where the system cannot filter,
/// nothing happens.
#[cfg(target_os = "linux")]
pub(super) fn system_calls() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

    let Ok(architecture) = std::env::consts::ARCH.try_into() else { return };
    let rules = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let refused = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    let filter = SeccompFilter::new(rules, refused, SeccompAction::Allow, architecture);
    let program = filter.and_then(BpfProgram::try_from);
    if let Ok(program) = program {
        let _ = apply_filter_all_threads(&program);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn system_calls() {}

/// The calls that are left: memory, the socket that is there, time, chance, the end.
#[cfg(target_os = "linux")]
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_recvfrom,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sendto,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    libc::SYS_write,
    libc::SYS_writev,
];
