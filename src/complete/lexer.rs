//! Cuts a text into words and symbols, and knows which of them stand in comments and strings.
//!
//! It never fails: whatever the bytes, each step goes on by at least a character. A string that its line does not close
//! ends with the line, where the language says so, so that half-typed code does not turn the rest of a file over.

mod strings;

use super::language::Language;

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Code,
    Inert,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A name or keyword.
    Word,
    /// A number, a punctuation character, or the end of a line.
    Symbol,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) shape: Shape,
    pub(super) place: Place,
}

/// What the lexer is inside of. Nothing on the stack means code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode<'a> {
    LineComment,
    BlockComment,
    /// A string up to `close`; `lines`: it goes on over line ends; `escapes`: a backslash takes a character with it.
    Quoted {
        close: char,
        lines: bool,
        escapes: bool,
    },
    /// A string up to three quotes.
    Tripled(char),
    /// A raw string of Rust, up to a quote and so many hashes.
    Hashed(usize),
    /// A raw string of C++, up to a parenthesis, the delimiter and a quote.
    Delimited(&'a str),
    /// A template of JavaScript.
    Template,
    /// Code inside a template, in so many braces.
    Hole(usize),
    /// A regular expression of JavaScript; whether inside a character class.
    Regex(bool),
}

/// Words after which a slash begins a regular expression, not a division.
const BEFORE_REGEX: [&str; 13] = [
    "await",
    "case",
    "delete",
    "do",
    "else",
    "in",
    "instanceof",
    "new",
    "of",
    "return",
    "throw",
    "typeof",
    "yield",
];

/// An iterator over the tokens of a text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    language: Language,
    stack: Vec<Mode<'a>>,
    /// Whether the last token can end an expression.
    after_value: bool,
    /// Whether the last token was the end of a line.
    after_line: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer that begins inside of `stack`.
    pub(super) fn new(text: &'a str, language: Language, stack: Vec<Mode<'a>>) -> Self {
        Self {
            text,
            at: 0,
            language,
            stack,
            after_value: false,
            after_line: true,
        }
    }

    /// What the lexer is inside of now.
    pub(super) fn into_stack(self) -> Vec<Mode<'a>> {
        self.stack
    }

    /// Whether the lexer is in code now.
    pub(super) fn in_code(&self) -> bool {
        matches!(self.stack.last(), None | Some(Mode::Hole(_)))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on by `bytes` and returns them.
    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// Goes on over the next two characters: an escape.
    fn skip_escape(&mut self) {
        let bytes = self.rest().chars().take(2).map(char::len_utf8).sum();
        self.take(bytes);
    }

    fn take_while(&mut self, mut keep: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.take(end)
    }

    /// A step in code.
    fn code(&mut self, first: char) -> Option<Token<'a>> {
        if first == '\n' {
            let text = self.take(1);
            let repeated = std::mem::replace(&mut self.after_line, true);
            return (!repeated).then_some(Token {
                text,
                shape: Shape::Symbol,
                place: Place::Code,
            });
        }
        if first.is_whitespace() {
            self.take(first.len_utf8());
            return None;
        }
        if self.opens(first) {
            return None;
        }
        self.after_line = false;
        if first.is_numeric() {
            return Some(self.number());
        }
        if self.language.is_word(first) {
            return self.word();
        }
        self.brace(first);
        self.after_value = matches!(first, ')' | ']' | '}');
        Some(Token {
            text: self.take(first.len_utf8()),
            shape: Shape::Symbol,
            place: Place::Code,
        })
    }

    /// Enters a comment, string or regular expression, if one begins here.
    fn opens(&mut self, first: char) -> bool {
        let rest = self.rest();
        if self.language.line_comment().is_some_and(|mark| rest.starts_with(mark)) {
            self.enter(Mode::LineComment, 1)
        } else if self.language.has_block_comments() && rest.starts_with("/*") {
            self.enter(Mode::BlockComment, 2)
        } else if first == '/' && self.language.is_script() && !self.after_value {
            self.enter(Mode::Regex(false), 1)
        } else {
            self.opens_string(first)
        }
    }

    fn enter(&mut self, mode: Mode<'a>, bytes: usize) -> bool {
        self.take(bytes);
        self.stack.push(mode);
        true
    }

    /// Leaves a string that is worth a value.
    fn leave(&mut self, bytes: usize) {
        self.take(bytes);
        self.stack.pop();
        self.after_value = true;
        self.after_line = false;
    }

    /// Counts the braces of code inside a template.
    fn brace(&mut self, first: char) {
        match (self.stack.last_mut(), first) {
            (Some(Mode::Hole(depth)), '{') => *depth += 1,
            (Some(Mode::Hole(0)), '}') => {
                self.stack.pop();
            }
            (Some(Mode::Hole(depth)), '}') => *depth -= 1,
            _ => {}
        }
    }

    fn number(&mut self) -> Token<'a> {
        let (start, language) = (self.at, self.language);
        let separated = matches!(language, Language::C | Language::Cpp);
        self.take_while(|c| language.is_word(c));
        while self.rest().starts_with(['.', '\'']) {
            let mut ahead = self.rest().chars();
            let mark = ahead.next();
            let digit = ahead
                .next()
                .is_some_and(|c| c.is_ascii_hexdigit() && (separated || c.is_ascii_digit()));
            if !digit || (mark == Some('\'') && !separated) {
                break;
            }
            self.take(1);
            self.take_while(|c| language.is_word(c));
        }
        self.after_value = true;
        let text = self.text.get(start..self.at).unwrap_or_default();
        Token {
            text,
            shape: Shape::Symbol,
            place: Place::Code,
        }
    }

    fn word(&mut self) -> Option<Token<'a>> {
        let language = self.language;
        let text = self.take_while(|c| language.is_word(c));
        if self.is_string_prefix(text) {
            return None;
        }
        self.after_value = !BEFORE_REGEX.contains(&text);
        Some(Token {
            text,
            shape: Shape::Word,
            place: Place::Code,
        })
    }

    /// A step in a comment or string.
    fn inert(&mut self, mode: Mode<'a>, first: char) -> Option<Token<'a>> {
        if self.closes(mode, first) {
            return None;
        }
        let language = self.language;
        if !language.is_word(first) {
            self.take(first.len_utf8());
            return None;
        }
        let text = self.take_while(|c| language.is_word(c));
        (!first.is_numeric()).then_some(Token {
            text,
            shape: Shape::Word,
            place: Place::Inert,
        })
    }

    /// Leaves a comment or string if it ends here, or goes on over what could be mistaken for its end.
    fn closes(&mut self, mode: Mode<'a>, first: char) -> bool {
        let rest = self.rest();
        match mode {
            Mode::LineComment if first == '\n' => {
                self.stack.pop();
            }
            Mode::BlockComment if rest.starts_with("*/") => {
                self.take(2);
                self.stack.pop();
            }
            Mode::BlockComment if self.language == Language::Rust && rest.starts_with("/*") => {
                self.enter(Mode::BlockComment, 2);
            }
            Mode::Quoted { escapes: true, .. } | Mode::Tripled(_) | Mode::Template | Mode::Regex(_)
                if first == '\\' =>
            {
                self.skip_escape();
            }
            Mode::Quoted { lines: false, .. } | Mode::Regex(_) if first == '\n' => self.leave(0),
            Mode::Quoted { close, .. } if first == close => self.leave(first.len_utf8()),
            Mode::Tripled(quote) if rest.chars().take(3).eq([quote; 3]) => self.leave(3),
            Mode::Hashed(hashes)
                if first == '"' && rest.chars().skip(1).take_while(|c| *c == '#').count() >= hashes =>
            {
                self.leave(1 + hashes);
            }
            Mode::Delimited(delimiter)
                if rest
                    .strip_prefix(')')
                    .and_then(|r| r.strip_prefix(delimiter))
                    .is_some_and(|r| r.starts_with('"')) =>
            {
                self.leave(delimiter.len() + 2);
            }
            Mode::Template if first == '`' => self.leave(1),
            Mode::Template if rest.starts_with("${") => {
                self.after_value = false;
                self.enter(Mode::Hole(0), 2);
            }
            Mode::Regex(false) if first == '/' => self.leave(1),
            Mode::Regex(class) if (!class && first == '[') || (class && first == ']') => {
                self.take(1);
                self.stack.pop();
                self.stack.push(Mode::Regex(!class));
            }
            _ => return false,
        }
        true
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let first = self.rest().chars().next()?;
            let token = match self.stack.last() {
                None | Some(Mode::Hole(_)) => self.code(first),
                Some(mode) => self.inert(*mode, first),
            };
            if token.is_some() {
                return token;
            }
        }
    }
}
