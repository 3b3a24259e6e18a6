//! Reads Rust source as tokens and tells which paths it names, where, and what else matters here.
//!
//! Tokens rather than lines, because `use` trees nest and span lines; tokens rather than a full parse,
//! because paths inside macro calls count too. Comments vanish and strings stay strings.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::slice::Iter;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// A path as written, made absolute: `crate::fleet::Server`, `std::fs::read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Its segments.
    pub path: Vec<String>,
    /// Where it stands, counted from 1.
    pub line: usize,
}

/// What a file holds outside its tests.
#[derive(Debug, Default)]
pub struct Facts {
    /// Every path of two segments or more, and every root that a `use` names.
    pub references: Vec<Reference>,
    /// Names of macros called, with their line.
    pub macros: Vec<(String, usize)>,
    /// Modules that exist for tests only: absolute paths below `crate`.
    pub test_modules: BTreeSet<Vec<String>>,
    /// Lines that belong to tests.
    pub test_lines: usize,
    /// Whether the file begins with its own documentation.
    pub documented: bool,
}

/// Scans one file; `module` is its path below `crate`, empty for the root.
pub fn scan(source: &str, module: &[String]) -> Result<Facts, String> {
    let stream: TokenStream = source.parse().map_err(|error| format!("cannot be read as Rust: {error}"))?;
    let mut scanner = Scanner { module: module.to_vec(), facts: Facts::default(), root: module.to_vec() };
    scanner.facts.documented = source.trim_start().starts_with("//!");
    scanner.walk(stream);
    Ok(scanner.facts)
}

struct Scanner {
    module: Vec<String>,
    root: Vec<String>,
    facts: Facts,
}

type Tokens<'a> = Peekable<Iter<'a, TokenTree>>;

impl Scanner {
    fn walk(&mut self, stream: TokenStream) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut tokens = trees.iter().peekable();
        // What a `::` would continue: after a name or `>` it belongs to what came before.
        let mut continues = false;
        while let Some(tree) = tokens.next() {
            match tree {
                TokenTree::Punct(hash) if hash.as_char() == '#' => {
                    self.attribute(tree.span().start().line, &mut tokens);
                    continues = false;
                }
                TokenTree::Punct(colon) if is_double_colon(colon, &tokens) => {
                    tokens.next();
                    let tail = matches!(tokens.peek(), Some(TokenTree::Ident(_)));
                    if continues && tail {
                        tokens.next();
                    } else if tail {
                        self.path(Vec::new(), &mut tokens);
                    }
                    continues = true;
                }
                TokenTree::Ident(word) if word == "mod" => self.module_item(&mut tokens),
                TokenTree::Ident(word) if word == "use" => {
                    if matches!(tokens.peek(), Some(TokenTree::Punct(_))) && at_double_colon(&tokens) {
                        tokens.next();
                        tokens.next();
                    }
                    self.path(Vec::new(), &mut tokens);
                    continues = false;
                }
                TokenTree::Ident(word) => {
                    let name = word.to_string();
                    let line = word.span().start().line;
                    if at_double_colon(&tokens) {
                        self.path_from(vec![name], line, &mut tokens);
                    } else if matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!') {
                        self.facts.macros.push((name, line));
                    }
                    continues = true;
                }
                TokenTree::Group(group) => {
                    self.walk(group.stream());
                    continues = false;
                }
                TokenTree::Punct(punct) => continues = punct.as_char() == '>',
                TokenTree::Literal(_) => continues = false,
            }
        }
    }

    /// A path whose first segment is still to come: a `use` tree, or what follows a leading `::`.
    fn path(&mut self, prefix: Vec<String>, tokens: &mut Tokens) {
        match tokens.next() {
            Some(TokenTree::Ident(word)) => {
                let line = word.span().start().line;
                let mut path = prefix;
                // `self` in a tree is the tree's own prefix.
                if word != "self" || path.is_empty() {
                    path.push(word.to_string());
                }
                self.path_from(path, line, tokens);
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                self.tree(&prefix, group);
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                let mut path = prefix;
                path.push("*".into());
                self.name(path, star.span().start().line);
            }
            _ => {}
        }
    }

    /// Goes on after the first segments of a path.
    fn path_from(&mut self, mut path: Vec<String>, line: usize, tokens: &mut Tokens) {
        while at_double_colon(tokens) {
            tokens.next();
            tokens.next();
            match tokens.peek() {
                Some(TokenTree::Ident(word)) => {
                    path.push(word.to_string());
                    tokens.next();
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.tree(&path, group);
                    tokens.next();
                    return;
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    path.push("*".into());
                    tokens.next();
                    break;
                }
                _ => break,
            }
        }
        if matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!') {
            self.facts.macros.extend(path.last().map(|name| (name.clone(), line)));
        }
        self.name(path, line);
    }

    /// The branches of a `use` tree.
    fn tree(&mut self, prefix: &[String], group: &Group) {
        let trees: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut tokens = trees.iter().peekable();
        while tokens.peek().is_some() {
            self.path(prefix.to_vec(), &mut tokens);
            // The rest of a branch is a comma or `as name`.
            for tree in tokens.by_ref() {
                if matches!(tree, TokenTree::Punct(p) if p.as_char() == ',') {
                    break;
                }
            }
        }
    }

    /// Makes a path absolute and notes it.
    fn name(&mut self, path: Vec<String>, line: usize) {
        let Some(first) = path.first() else { return };
        let path = match first.as_str() {
            "crate" | "quarterdeck" => below_crate(&[], &path[1..]),
            "self" => below_crate(&self.module, &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let kept = self.module.len().saturating_sub(ups);
                below_crate(&self.module[..kept], &path[ups..])
            }
            _ => path,
        };
        self.facts.references.push(Reference { path, line });
    }

    /// `mod name { … }` is walked as its own module; `mod name;` is another file.
    fn module_item(&mut self, tokens: &mut Tokens) {
        let Some(TokenTree::Ident(name)) = tokens.peek() else { return };
        let name = name.to_string();
        tokens.next();
        if let Some(TokenTree::Group(body)) = tokens.peek() {
            let body = body.stream();
            tokens.next();
            self.module.push(name);
            self.walk(body);
            self.module.pop();
        }
    }

    /// An attribute; the item below `#[cfg(test)]` is left out.
    fn attribute(&mut self, first_line: usize, tokens: &mut Tokens) {
        let inner = matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!');
        if inner {
            tokens.next();
        }
        let Some(TokenTree::Group(group)) = tokens.peek() else { return };
        let stream = group.stream();
        tokens.next();
        if !is_for_tests(&stream) {
            self.walk(stream);
        } else if inner {
            // `#![cfg(test)]`: the whole file.
            self.facts.test_modules.insert(self.module.clone());
            tokens.by_ref().for_each(drop);
        } else {
            self.skip_item(first_line, tokens);
        }
    }

    fn skip_item(&mut self, first_line: usize, tokens: &mut Tokens) {
        let mut module = None;
        let mut until_semicolon = false;
        let mut last_line = first_line;
        while let Some(tree) = tokens.next() {
            last_line = tree.span().end().line;
            match tree {
                TokenTree::Ident(word) if word == "mod" => {
                    module = tokens.peek().map(ToString::to_string);
                }
                TokenTree::Ident(word) if ["use", "const", "static", "type"].iter().any(|w| word == w) => {
                    // `const fn` is a function.
                    let function = matches!(tokens.peek(), Some(TokenTree::Ident(next)) if next == "fn");
                    until_semicolon = !function;
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    if let Some(name) = module.take() {
                        let mut path = self.module.clone();
                        path.push(name);
                        self.facts.test_modules.insert(path);
                    }
                    break;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !until_semicolon => break,
                _ => {}
            }
        }
        if self.module == self.root {
            self.facts.test_lines += last_line + 1 - first_line;
        }
    }
}

fn below_crate(module: &[String], rest: &[String]) -> Vec<String> {
    let mut path = vec!["crate".to_owned()];
    path.extend(module.iter().chain(rest).cloned());
    path
}

fn is_double_colon(first: &proc_macro2::Punct, rest: &Tokens) -> bool {
    first.as_char() == ':'
        && first.spacing() == Spacing::Joint
        && matches!(rest.clone().next(), Some(TokenTree::Punct(second)) if second.as_char() == ':')
}

fn at_double_colon(tokens: &Tokens) -> bool {
    let mut ahead = tokens.clone();
    matches!(ahead.next(), Some(TokenTree::Punct(first)) if is_double_colon(first, &ahead))
}

/// `cfg(test)` and `cfg(all(test, …))`; anything else may be in the program.
fn is_for_tests(attribute: &TokenStream) -> bool {
    let text: String = attribute.to_string().chars().filter(|c| !c.is_whitespace()).collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}
