//! What is measured, one scenario a file.

pub(crate) mod cursors;
pub(crate) mod edit;
pub(crate) mod fanout;
pub(crate) mod idle;
pub(crate) mod joiners;
pub(crate) mod open;
pub(crate) mod rooms;
pub(crate) mod store;
pub(crate) mod stored;

use std::path::PathBuf;

use crate::Result;
use crate::contest::Setting;

/// Runs every scenario with its usual choices.
pub(crate) fn all(setting: &Setting, trace: Option<PathBuf>) -> Result<()> {
    rooms::run(setting, &rooms::Choice::default())?;
    edit::run(setting, &edit::Choice::on(trace.clone()))?;
    fanout::run(setting, &fanout::Choice::default())?;
    joiners::run(setting, &joiners::Choice::default())?;
    cursors::run(setting)?;
    idle::run(setting)?;
    open::run(setting, &open::Choice { trace })?;
    store::run(setting, &stored::Choice::default())
}
