//! Small stories: a half-written text, its cursor written as `|`, and what is offered there.

use super::*;

struct Story<'a> {
    language: Language,
    others: Vec<(&'a str, &'a str)>,
}

fn in_language<'a>(language: Language) -> Story<'a> {
    Story {
        language,
        others: Vec::new(),
    }
}

impl<'a> Story<'a> {
    fn beside(mut self, path: &'a str, text: &'a str) -> Self {
        self.others.push((path, text));
        self
    }

    fn at(&self, marked: &str) -> Answer {
        let cursor = marked.find('|').expect("a cursor");
        let text = marked.replacen('|', "", 1);
        complete(&Query {
            text: &text,
            cursor,
            language: self.language,
            others: &self.others,
            max_items: 10,
        })
    }
}

fn labels(answer: &Answer) -> Vec<&str> {
    answer.items.iter().map(|item| item.label.as_str()).collect()
}

fn item<'a>(answer: &'a Answer, label: &str) -> &'a Item {
    answer
        .items
        .iter()
        .find(|item| item.label == label)
        .unwrap_or_else(|| panic!("{label} in {:?}", labels(answer)))
}

fn ghost(answer: &Answer) -> Option<&str> {
    answer.ghost.as_ref().map(|ghost| ghost.text.as_str())
}

#[test]
fn rust_offers_the_nearest_of_two_names_and_the_keywords() {
    let answer = in_language(Language::Rust)
        .at("fn resize(width: u32) {}\nstruct Report { rows: u32 }\nfn main() {\n    let report = 1;\n    re|\n}\n");
    assert_eq!(answer.items[0].label, "report");
    assert_eq!(answer.replace, 89..91);
    assert_eq!(item(&answer, "return").kind, Kind::Keyword);
    assert_eq!(item(&answer, "resize").kind, Kind::Function);
    assert_eq!(item(&answer, "Report").kind, Kind::Type);
}

#[test]
fn rust_knows_lifetimes_characters_and_raw_strings() {
    let story = in_language(Language::Rust);
    let text = "fn f<'a>(quote: &'a str) { let c = '\"'; let r = r#\"in \" here\"#; let quotation = 1; quot|";
    assert_eq!(item(&story.at(text), "quotation").kind, Kind::Variable);
    assert_eq!(
        item(&story.at("let x = r#\"inside\"#; ins|"), "inside").kind,
        Kind::Text
    );
    assert_eq!(
        item(&story.at("/* a /* b */ commented */ comm|"), "commented").kind,
        Kind::Text
    );
}

#[test]
fn python_goes_on_as_it_did_before() {
    let answer = in_language(Language::Python)
        .at("class A:\n    def __init__(self, size):\n        self.size = size\n        self.name = 1\n\n    def grow(self):\n        self.si|");
    assert_eq!(ghost(&answer), Some("ze"));
    assert_eq!(answer.ghost.unwrap().first_word, 2);
}

#[test]
fn python_expects_what_followed_the_same_words_before_anything_is_typed() {
    let text = "import os\nfor line in reader.lines():\n    print(line)\nfor line in reader.lines():\n    print(line)\nfor line in |";
    let answer = in_language(Language::Python).at(text);
    assert_eq!(answer.items[0].label, "reader");
    assert_eq!(ghost(&answer), Some("reader"));
}

#[test]
fn python_keeps_silent_in_docstrings_and_comments() {
    let story = in_language(Language::Python);
    for text in [
        "total = 1\ntotal = 2\n\"\"\"The tot|",
        "total = 1\ntotal = 2\n# tot|",
        "total = 1\ntotal = 2\nprint(f'tot|')",
    ] {
        let answer = story.at(text);
        assert_eq!(answer.items[0].label, "total", "{text}");
        assert_eq!(ghost(&answer), None, "{text}");
        assert!(answer.items.iter().all(|item| item.kind != Kind::Keyword), "{text}");
    }
    assert_eq!(ghost(&story.at("total = 1\ntotal = 2\ntot|")), Some("al"));
}

#[test]
fn javascript_templates_hold_code_and_slashes_are_not_always_division() {
    let story = in_language(Language::JavaScript);
    assert_eq!(
        ghost(&story.at("const $price = 1\nconst s = `costs ${$pr|")),
        Some("ice")
    );
    assert_eq!(
        ghost(&story.at("const $price = 1\nconst s = `costs ${$price} $pr|")),
        None
    );
    let regex = "const quoted = /[/\"]'/.test(x)\nconst priceList = 1\npriceL|";
    assert_eq!(ghost(&story.at(regex)), Some("ist"));
    assert_eq!(
        ghost(&story.at("const priceList = total / 2\nx = 'a/b'\npriceL|")),
        Some("ist")
    );
}

#[test]
fn typescript_finds_a_name_by_its_humps() {
    let answer = in_language(Language::TypeScript).at("function getCartItem(id: string) {}\nconst other = gci|");
    assert_eq!(labels(&answer), ["getCartItem"]);
    assert_eq!(answer.ghost, None, "a ghost only goes on with what was typed");
    assert!(labels(&in_language(Language::TypeScript).at("inte|")).contains(&"interface"));
}

#[test]
fn go_exports_functions_with_capitals_and_has_raw_strings() {
    let story = in_language(Language::Go);
    let answer = story.at("func Handle(r int) {}\ntype Hander struct{}\nfunc main() { Han|");
    assert_eq!(item(&answer, "Handle").kind, Kind::Function);
    assert_eq!(item(&answer, "Hander").kind, Kind::Type);
    assert_eq!(ghost(&story.at("counter := 1\nq := `a \\` + coun|")), Some("ter"));
}

#[test]
fn java_does_not_offer_keywords_after_a_dot() {
    let story = in_language(Language::Java);
    assert_eq!(labels(&story.at("pub|")), ["public"]);
    assert_eq!(labels(&story.at("this.pub|")), [""; 0]);
}

#[test]
fn c_and_cpp_know_their_keywords_and_strings() {
    assert!(labels(&in_language(Language::C).at("siz|")).contains(&"sizeof"));
    assert!(labels(&in_language(Language::Cpp).at("names|")).contains(&"namespace"));
    let story = in_language(Language::Cpp);
    assert_eq!(
        ghost(&story.at("long buffer = 1'000'000; auto s = R\"x(a)\" b)x\"; buff|")),
        Some("er")
    );
    assert_eq!(
        ghost(&story.at("long buffer = 1; buffer = 2; auto s = R\"x(a)\" buff|")),
        None
    );
}

#[test]
fn a_name_of_another_file_says_where_it_is_from() {
    let answer = in_language(Language::Rust)
        .beside("src/shop.rs", "pub fn checkout() {}")
        .at("fn main() { chec|");
    assert_eq!(answer.items[0].label, "checkout");
    assert_eq!(answer.items[0].detail, "src/shop.rs");
}

#[test]
fn the_order_of_the_other_files_does_not_matter() {
    let files = [
        ("b.rs", "fn parse() { let parser = 1; parse(parser) }"),
        ("a.rs", "let parsed = parse(); let parser = parse();"),
        ("c.rs", "struct Parser; impl Parser { fn parse_all() {} }"),
    ];
    let text = "let parsing = parse();\nlet x = par";
    let answer = |order: [usize; 3]| {
        let others = order.map(|index| files[index]);
        complete(&Query {
            text,
            cursor: text.len(),
            language: Language::Rust,
            others: &others,
            max_items: 20,
        })
    };
    let first = answer([0, 1, 2]);
    assert!(first.items.len() >= 5);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(first, answer(order));
    }
}

#[test]
fn the_word_under_the_cursor_is_not_offered_and_gets_no_ghost() {
    let story = in_language(Language::Rust);
    let answer = story.at("counter = 1; counter = 2; coun|ter");
    assert_eq!(labels(&answer), [""; 0]);
    assert_eq!(answer.ghost, None);
    assert_eq!(labels(&story.at("a = only|")), [""; 0]);
}

#[test]
fn words_of_any_script_are_words() {
    let answer = in_language(Language::Python).at("größe = 1\nпеременная = größe\nпер|");
    assert_eq!(ghost(&answer), Some("еменная"));
    assert_eq!(answer.replace, 43..49);
    assert_eq!(ghost(&in_language(Language::Python).at("größe = 1\ngrö|")), Some("ße"));
}

#[test]
fn a_number_is_not_completed() {
    assert_eq!(labels(&in_language(Language::C).at("int x1 = 1; x = 1|")), [""; 0]);
}

#[test]
fn any_cursor_in_any_text_is_answered() {
    let text = "r#\"é\"#'\\ `${`${ /*/ R\"(\" '''\u{1F600}f'\\\n\"\"\"//#{}}}\u{301}İ 1'2.3.e $_a\u{0}";
    for language in [
        Language::Rust,
        Language::Python,
        Language::JavaScript,
        Language::TypeScript,
        Language::Go,
        Language::Java,
        Language::C,
        Language::Cpp,
        Language::Other,
    ] {
        for cursor in 0..text.len() + 3 {
            for start in (0..text.len()).step_by(3).filter(|start| text.is_char_boundary(*start)) {
                let text = &text[start..];
                let query = Query {
                    text,
                    cursor,
                    language,
                    others: &[("x.js", text)],
                    max_items: 5,
                };
                let answer = complete(&query);
                assert!(text.get(answer.replace.clone()).is_some());
                assert!(answer.items.len() <= 5);
            }
        }
    }
}

#[test]
fn only_a_window_of_a_huge_text_is_looked_at() {
    let filler = "let other_value = compute(1);\n".repeat((4 << 20) / 31);
    let text = format!("let faraway = 1;\n{filler}let nearby = 2;\nx = ");
    let others = [("long.rs", text.as_str())];
    let query = |prefix: &str| {
        let text = format!("{text}{prefix}");
        complete(&Query {
            text: &text,
            cursor: text.len(),
            language: Language::Rust,
            others: &others,
            max_items: 10,
        })
    };
    assert_eq!(labels(&query("near")), ["nearby"]);
    assert_eq!(
        query("faraw").items[0].detail,
        "long.rs",
        "from the beginning of the other file"
    );
    let word = "a".repeat(4 << 20);
    let long = complete(&Query {
        text: &word,
        cursor: 2 << 20,
        language: Language::C,
        others: &[],
        max_items: 10,
    });
    assert_eq!((long.items.len(), long.ghost), (0, None));
}

#[test]
fn languages_are_known_by_name_and_by_path() {
    assert_eq!(Language::from_name(" TypeScript "), Language::TypeScript);
    assert_eq!(Language::from_name("C++"), Language::Cpp);
    assert_eq!(Language::from_name("klingon"), Language::Other);
    assert_eq!(Language::from_path("src/a.b.RS"), Language::Rust);
    assert_eq!(Language::from_path("include/x.hpp"), Language::Cpp);
    for path in ["", "Makefile", ".py", "dir/.go", "a.unknown", "src.rs/readme"] {
        assert_eq!(Language::from_path(path), Language::Other, "{path}");
    }
}
