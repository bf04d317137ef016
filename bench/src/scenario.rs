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
use crate::conductor::{Played, play};
use crate::contest::{Contender, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::rooms::{Plan, Report};

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

/// Plays people in rooms against one contender; the plan need not say whether that is the floor.
fn play_rooms(setting: &Setting, contender: Contender, plan: &Plan) -> Result<Played<Report>> {
    let home = Home::start(setting, contender)?;
    let plan = Plan {
        floor: contender == Contender::Floor,
        ..plan.clone()
    };
    play(&home, Work::Rooms(plan))
}
