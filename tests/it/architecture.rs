//! The map stays true: every name in the path of one edit is in the sources.

use std::fs;
use std::path::Path;

#[test]
fn every_name_in_the_path_of_one_edit_is_in_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the map");
    let path = map.split("## The path of one edit").nth(1).expect("the section");
    let path = path.split("\n## Cross-cutting").next().expect("its end");
    let mut sources = String::new();
    read(&root.join("src"), &mut sources);
    let names: Vec<&str> = path.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 25, "only {} names", names.len());
    for name in names {
        let last = name.rsplit("::").next().unwrap_or(name);
        let there = if name.contains('/') {
            root.join("src").join(name).exists()
        } else {
            ["fn ", "struct ", "enum ", "trait ", "debug_span!(\"", "mod "]
                .iter()
                .any(|kind| sources.contains(&format!("{kind}{last}")))
        };
        assert!(there, "`{name}` is not in src/");
    }
}

fn read(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, sources);
        } else {
            sources.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}
