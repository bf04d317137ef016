//! What is measured, one scenario a file.

pub(crate) mod rooms;

use crate::Result;
use crate::contest::Setting;

/// Runs every scenario with its usual choices.
pub(crate) fn all(setting: &Setting) -> Result<()> {
    rooms::run(setting, &rooms::Choice::default())
}
