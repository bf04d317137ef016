//! Runs a fuzz target for long: `cargo run --release -p tandem-fuzz -- gate --seconds 600`.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tandem_fuzz::{Corpus, Engine, Report, TARGETS, Target, Until, run_once};

const HELP: &str = "\
cargo run --release -p tandem-fuzz -- TARGET [OPTIONS]
  TARGET        gate, index, path, rebase, request, or all, one after the other
  --seconds N   how long to make new inputs for, each target (60)
  --runs N      how many to make instead
  --seed N      the seed; without it one of the clock
  --keep        keeps inputs that show something new in the corpus
  --input FILE  runs this input alone";

/// A run that takes longer never ends.
const ENDLESS: Duration = Duration::from_secs(120);
const TOLD_EVERY: Duration = Duration::from_secs(10);

struct Options {
    targets: Vec<&'static Target>,
    until: Until,
    seed: u64,
    keeps: bool,
    input: Option<String>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("{wrong}\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    for target in &options.targets {
        let outcome = match &options.input {
            Some(file) => alone(target, file),
            None => fuzz(target, &options),
        };
        if let Err(wrong) = outcome {
            eprintln!("{}: {wrong}", target.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let name = arguments.next().ok_or("which target?")?;
    let targets: Vec<_> = TARGETS
        .iter()
        .filter(|target| name == "all" || target.name == name)
        .collect();
    if targets.is_empty() {
        return Err(format!("there is no target {name}"));
    }
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut options = Options {
        targets,
        until: Until::Time(Duration::from_secs(60)),
        seed: clock.as_secs(),
        keeps: false,
        input: None,
    };
    while let Some(option) = arguments.next() {
        if option == "--keep" {
            options.keeps = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{option} what?"))?;
        let number = value.parse().map_err(|_| format!("{value} is no number"));
        match option.as_str() {
            "--seconds" => options.until = Until::Time(Duration::from_secs(number?)),
            "--runs" => options.until = Until::Runs(number?),
            "--seed" => options.seed = number?,
            "--input" => options.input = Some(value),
            other => return Err(format!("there is no option {other}")),
        }
    }
    Ok(options)
}

fn alone(target: &Target, file: &str) -> Result<(), String> {
    let input = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    run_once(target, &input)?;
    println!("{}: {file} runs", target.name);
    Ok(())
}

fn fuzz(target: &'static Target, options: &Options) -> Result<(), String> {
    let corpus = Corpus::of(target.name);
    let inputs = corpus.read().map_err(|error| format!("the corpus: {error}"))?;
    println!(
        "{}: {} inputs in the corpus, seed {}",
        target.name,
        inputs.len(),
        options.seed
    );
    let engine = Engine::new(target, options.seed);
    watch(target.name, &corpus, engine.now());
    let begun = Instant::now();
    let mut told = Instant::now();
    let report = engine.run(&inputs, options.until, |report| {
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            println!("{}", line(target.name, report, begun.elapsed()));
        }
    });
    println!("{}", line(target.name, &report, begun.elapsed()));
    if options.keeps {
        for input in &report.new {
            corpus
                .keep("new", input)
                .map_err(|error| format!("not kept: {error}"))?;
        }
    }
    match report.found {
        None => Ok(()),
        Some(found) if !found.is_new => Err(found.said),
        Some(found) => {
            let place = corpus.keep("failed", &found.input).map_err(|error| error.to_string())?;
            Err(format!(
                "{}\nkept as {place}; run it again with\ncargo run --release -p tandem-fuzz -- {} --input {place}",
                found.said,
                target.name,
                place = place.display()
            ))
        }
    }
}

fn line(name: &str, report: &Report, took: Duration) -> String {
    let each_second = report.runs as f64 / took.as_secs_f64().max(0.001);
    format!(
        "{name}: {} runs in {:.0} s, {each_second:.0} a second; {} outcomes and shapes, {} new inputs",
        report.runs,
        took.as_secs_f64(),
        report.seen.len(),
        report.new.len()
    )
}

/// Ends the process, and keeps the input, if one runs without end.
fn watch(name: &'static str, corpus: &Corpus, now: Arc<Mutex<(Instant, Vec<u8>)>>) {
    let corpus = corpus.clone();
    std::thread::spawn(move || {
        // The engine holds the other one until it is done.
        while Arc::strong_count(&now) > 1 {
            std::thread::sleep(Duration::from_secs(1));
            let (since, input) = now.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if since.elapsed() > ENDLESS && Arc::strong_count(&now) > 1 {
                let place = corpus.keep("endless", &input);
                eprintln!("{name}: a run does not end; its input: {place:?}");
                std::process::exit(1);
            }
        }
    });
}
