//! What a visitor is told when a function fails; the rest is in the log.

use fazt_tools::{Code, Problem};

use crate::runtime::{Breach, frames::ScriptError};

/// The refusal that a breach becomes.
pub fn problem(breach: &Breach) -> Problem {
    match breach {
        Breach::Failed(error) => failed(error),
        Breach::Timeout(limit) => {
            Problem::new(Code::FunctionTimeout, format!("the function did not answer in {limit:?}"))
        }
        Breach::Cpu(limit) => Problem::new(
            Code::FunctionCpu,
            format!("the function took more than {limit:?} of the processor"),
        ),
        Breach::Memory => {
            Problem::new(Code::FunctionMemory, "the function took more memory than it may")
        }
        Breach::Crashed(_) => Problem::new(Code::FunctionCrashed, "the function's process ended"),
        Breach::TooLong(bytes) => Problem::new(
            Code::ResponseTooLarge,
            format!("the function's answer is {bytes} bytes long, which is more than it may be"),
        ),
        Breach::Busy => Problem::new(Code::Busy, "too many requests of this app are under way")
            .hint("try again"),
        Breach::Unavailable(_) => Problem::new(Code::Busy, "no function can run just now"),
    }
}

/// An error that nobody caught: where it came from the host, its code decides.
fn failed(error: &ScriptError) -> Problem {
    let known = error.code.as_deref();
    let known = known.and_then(|code| Code::ALL.iter().find(|known| known.as_str() == code));
    let code = match (error.retryable, known) {
        (true, Some(code)) if code.status() == 503 => *code,
        (true, _) => Code::Busy,
        (false, Some(code)) if code.status() == 500 => *code,
        (false, _) => Code::FunctionError,
    };
    match code {
        Code::Busy | Code::TxConflict => {
            Problem::new(code, "the function could not do its work just now").hint("try again")
        }
        Code::DataLimit => {
            Problem::new(code, "the function asked the node for more than one request may")
                .hint("its owner's log says where")
        }
        code => Problem::new(code, "the function failed").hint("its owner's log says why"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_uncaught_error_decides_the_answer() {
        for (code, retryable, answer) in [
            (None, false, Code::FunctionError),
            (Some("DATA_LIMIT"), false, Code::DataLimit),
            (Some("TX_CONFLICT"), true, Code::TxConflict),
            (Some("NET_BUDGET_OF_OLD"), true, Code::Busy),
            (Some("QUOTA_REACHED"), false, Code::FunctionError),
            (Some("VALIDATION_FAILED"), false, Code::FunctionError),
            (Some("made up"), false, Code::FunctionError),
            // A script cannot pass for a node that is busy.
            (Some("BUSY"), false, Code::FunctionError),
        ] {
            let code = code.map(ToOwned::to_owned);
            let error = ScriptError { code, retryable, ..ScriptError::default() };
            assert_eq!(problem(&Breach::Failed(error)).code, answer);
        }
    }
}
