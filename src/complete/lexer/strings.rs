//! How strings begin, language by language.

use super::{Lexer, Mode};
use crate::complete::language::Language;

impl<'a> Lexer<'a> {
    /// Enters a string, if one begins here.
    pub(super) fn opens_string(&mut self, first: char) -> bool {
        let rest = self.rest();
        let line = Mode::Quoted {
            close: first,
            lines: false,
            escapes: true,
        };
        match (self.language, first) {
            (Language::Other, _) => false,
            (Language::Python, '"' | '\'') | (Language::Java, '"') if rest.chars().take(3).eq([first; 3]) => {
                self.enter(Mode::Tripled(first), 3)
            }
            (Language::Rust, '"') => self.enter(
                Mode::Quoted {
                    close: '"',
                    lines: true,
                    escapes: true,
                },
                1,
            ),
            (Language::Rust, '\'') => self.opens_rust_character(),
            (Language::Go, '`') => self.enter(
                Mode::Quoted {
                    close: '`',
                    lines: true,
                    escapes: false,
                },
                1,
            ),
            (Language::JavaScript | Language::TypeScript, '`') => self.enter(Mode::Template, 1),
            (_, '"' | '\'') => self.enter(line, 1),
            _ => false,
        }
    }

    /// A quote in Rust begins a character or a lifetime.
    fn opens_rust_character(&mut self) -> bool {
        let mut ahead = self.rest().chars().skip(1);
        let escaped = ahead.next() == Some('\\');
        if escaped || ahead.next() == Some('\'') {
            return self.enter(
                Mode::Quoted {
                    close: '\'',
                    lines: false,
                    escapes: true,
                },
                1,
            );
        }
        false
    }

    /// Whether the word just taken belongs to a string (`r#"`, `f'`, `u8R"x(`); enters a raw one.
    pub(super) fn is_string_prefix(&mut self, word: &str) -> bool {
        let rest = self.rest();
        match self.language {
            Language::Rust if matches!(word, "r" | "br" | "cr") => {
                let hashes = rest.len() - rest.trim_start_matches('#').len();
                rest.get(hashes..).is_some_and(|rest| rest.starts_with('"'))
                    && self.enter(Mode::Hashed(hashes), hashes + 1)
            }
            Language::Rust => matches!(word, "b" | "c") && rest.starts_with(['"', '\'']),
            Language::Python => word.len() <= 2 && rest.starts_with(['"', '\'']),
            Language::Cpp if matches!(word, "R" | "LR" | "uR" | "UR" | "u8R") && rest.starts_with('"') => {
                // A delimiter has at most 16 characters.
                let open = rest
                    .char_indices()
                    .skip(1)
                    .take(17)
                    .find(|(_, c)| *c == '(')
                    .map(|(at, _)| at);
                match open.and_then(|open| rest.get(1..open)) {
                    Some(delimiter) => self.enter(Mode::Delimited(delimiter), delimiter.len() + 2),
                    None => true,
                }
            }
            Language::C | Language::Cpp => matches!(word, "L" | "u" | "U" | "u8") && rest.starts_with(['"', '\'']),
            _ => false,
        }
    }
}
