//! How far a deploy is, told to whoever waits for it.
//!
//! A teller costs nothing when nobody listens. Steps are told a few times a
//! second at most by their size, so that a slow listener holds little.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes between two steps of one stage.
const STRIDE: u64 = 1 << 20;

/// One step of a deploy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Step {
    /// What is being done.
    pub stage: Stage,
    /// Files so far.
    pub files: u64,
    /// Bytes so far.
    pub bytes: u64,
}

/// What a deploy is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The upload is coming in.
    Receiving,
    /// The archive is being unpacked.
    Unpacking,
    /// The version is being stored.
    Storing,
}

/// Tells how far a deploy is.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<UnboundedSender<Step>>);

impl Progress {
    /// A teller, and the one who listens.
    pub fn channel() -> (Self, UnboundedReceiver<Step>) {
        let (teller, listener) = unbounded_channel();
        (Self(Some(teller)), listener)
    }

    /// Tells a step.
    pub fn tell(&self, stage: Stage, files: u64, bytes: u64) {
        if let Some(teller) = &self.0 {
            let _ = teller.send(Step { stage, files, bytes });
        }
    }

    /// Tells a step if enough bytes came since `told`, which it moves on.
    pub fn tell_now_and_then(&self, stage: Stage, files: u64, bytes: u64, told: &mut u64) {
        if self.0.is_some() && bytes >= *told + STRIDE {
            *told = bytes;
            self.tell(stage, files, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_steps_are_told_together() {
        let (progress, mut listener) = Progress::channel();
        let mut told = 0;
        for bytes in (0..=4 << 20).step_by(64 << 10) {
            progress.tell_now_and_then(Stage::Receiving, 0, bytes, &mut told);
        }
        let mut steps = Vec::new();
        while let Ok(step) = listener.try_recv() {
            steps.push(step.bytes);
        }
        assert_eq!(steps, [1 << 20, 2 << 20, 3 << 20, 4 << 20]);
    }
}
