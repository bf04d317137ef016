//! The README tells every setting, as the program itself does.

use std::path::Path;
use std::process::Command;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

/// Flag and variable of every setting in `tandem --help`.
fn settings() -> Vec<(String, String)> {
    let help = Command::new(env!("CARGO_BIN_EXE_tandem"))
        .arg("--help")
        .output()
        .expect("tandem runs");
    let help = String::from_utf8(help.stdout).expect("the help is text");
    let mut settings = Vec::new();
    let mut flag = String::new();
    for word in help.split_whitespace() {
        if let Some(name) = word.strip_prefix("--") {
            flag = format!("--{}", name.split(['[', '=']).next().unwrap_or_default());
        } else if let Some(variable) = word.strip_prefix("[env:") {
            settings.push((flag.clone(), variable.to_owned()));
        }
    }
    // clap writes "[env: NAME=value]": the name is the next word.
    let mut names = help
        .split("[env: ")
        .skip(1)
        .map(|rest| rest.split(['=', ']']).next().unwrap_or_default());
    for setting in &mut settings {
        setting.1 = names.next().unwrap_or_default().to_owned();
    }
    settings
}

#[test]
fn every_setting_stands_in_the_readme_and_the_example() {
    let (readme, example) = (read("README.md"), read(".env.example"));
    let settings = settings();
    assert_eq!(settings.len(), 10, "{settings:?}");
    for (flag, variable) in &settings {
        assert!(
            readme.contains(&format!("| `{flag}` | `{variable}` |")),
            "{flag} {variable} is not in the README's table"
        );
        assert!(
            example.contains(&format!("#{variable}=")),
            "{variable} is not in .env.example"
        );
    }
    let rows = readme.lines().filter(|line| line.starts_with("| `--")).count();
    assert_eq!(rows, settings.len(), "the table has rows that are no settings");
}
