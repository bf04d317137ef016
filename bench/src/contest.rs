//! Who is measured, how often, and in which order: one after the other, round by round, so that a machine that becomes
//! slower meanwhile becomes slower for all.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::Result;
use crate::database::Database;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Contender {
    /// A bare tonic server that passes opaque bytes on.
    Floor,
    /// Tandem on a SQLite file.
    Sqlite,
    /// Tandem on PostgreSQL.
    Postgres,
}

impl Contender {
    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Sqlite => "SQLite FULL",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// How everything is measured.
#[derive(Clone)]
pub(crate) struct Setting {
    /// Whether runs are short and few.
    pub(crate) quick: bool,
    /// Runs of each contender.
    pub(crate) runs: usize,
    /// The server's binary.
    pub(crate) server: PathBuf,
    /// Where databases can be created.
    pub(crate) database: Option<Database>,
    /// Where servers keep their data.
    pub(crate) folder: PathBuf,
    /// Who takes part, in order.
    pub(crate) contenders: Vec<Contender>,
}

/// What one run gave: figures by name, in the order of the table's rows.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// What all runs gave.
pub(crate) type Outcome = BTreeMap<Contender, Vec<Figures>>;

impl Setting {
    /// Runs all contenders round by round, and says on the way what each run gave.
    pub(crate) fn contest(&self, what: &str, run: impl FnMut(Contender) -> Result<Figures>) -> Result<Outcome> {
        self.rounds(what, &self.contenders, run)
    }

    /// The same without the floor, where it has nothing that could be compared.
    pub(crate) fn contest_of_databases(
        &self,
        what: &str,
        run: impl FnMut(Contender) -> Result<Figures>,
    ) -> Result<Outcome> {
        let contenders: Vec<Contender> = self
            .contenders
            .iter()
            .copied()
            .filter(|one| *one != Contender::Floor)
            .collect();
        self.rounds(what, &contenders, run)
    }

    /// The same setting for what is measured once only.
    pub(crate) fn once(&self) -> Self {
        Self {
            runs: 1,
            ..self.clone()
        }
    }

    fn rounds(
        &self,
        what: &str,
        contenders: &[Contender],
        mut run: impl FnMut(Contender) -> Result<Figures>,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::new();
        for round in 1..=self.runs {
            for &contender in contenders {
                let figures = run(contender).map_err(|error| format!("{what}, {}: {error}", contender.title()))?;
                let told: Vec<String> = figures
                    .iter()
                    .map(|(name, value)| format!("{name} {value:.3}"))
                    .collect();
                eprintln!(
                    "{what} {round}/{} {}: {}",
                    self.runs,
                    contender.title(),
                    told.join(", ")
                );
                outcome.entry(contender).or_default().push(figures);
            }
        }
        Ok(outcome)
    }
}
