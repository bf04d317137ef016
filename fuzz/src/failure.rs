//! Failures: caught, and made small.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::{Seen, Target};

/// No input takes longer than this, on a busy machine and without optimisation.
const SLOW: Duration = Duration::from_secs(10);
/// Runs that making an input smaller may take.
const TRIES: usize = 4_000;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// An input that fails, made as small as it gets.
#[derive(Clone, Debug)]
pub struct Found {
    /// The input.
    pub input: Vec<u8>,
    /// What it does.
    pub said: String,
    /// Whether it is new; what the corpus has is not kept there once more.
    pub is_new: bool,
}

thread_local! {
    /// What the panic said that is just being caught; `None` where panics are told as always.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics that are caught here out of the output, and their words and places for [`run_once`].
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let heard = CAUGHT.with_borrow_mut(|caught| caught.as_mut().map(|said| *said = panic.to_string()));
            if heard.is_none() {
                told(panic);
            }
        }));
    });
}

/// Runs one input; what it has shown, or what went wrong.
///
/// # Errors
///
/// The panic's words, or that it took too long.
pub fn run_once(target: &Target, input: &[u8]) -> Result<Seen, String> {
    listen();
    CAUGHT.set(Some(String::new()));
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut seen = Seen::default();
        (target.run)(input, &mut seen);
        seen
    }));
    let said = CAUGHT.take().unwrap_or_default();
    match outcome {
        Ok(_) if begun.elapsed() > SLOW => Err(format!("it took {:?}", begun.elapsed())),
        Ok(seen) => Ok(seen),
        Err(_) => Err(said),
    }
}

/// Takes away from a failing input whatever it fails without.
pub(crate) fn smallest(target: &Target, input: &[u8], said: String) -> Found {
    let begun = Instant::now();
    let mut found = Found {
        input: input.to_vec(),
        said,
        is_new: true,
    };
    let mut tries = 0;
    let mut size = found.input.len().div_ceil(2);
    while size > 0 {
        let (mut at, mut smaller) = (0, false);
        while at < found.input.len() {
            if tries == TRIES || begun.elapsed() > PATIENCE {
                return found;
            }
            tries += 1;
            let end = (at + size).min(found.input.len());
            let without = [&found.input[..at], &found.input[end..]].concat();
            match run_once(target, &without) {
                Err(said) => {
                    found.input = without;
                    found.said = said;
                    smaller = true;
                }
                Ok(_) => at = end,
            }
        }
        if !smaller || size > 1 {
            size /= 2;
        }
    }
    found
}
