//! A text as lines that fit a width.
//!
//! Lines break at spaces and after hyphens and slashes between words; a word that is wider than a line is broken where the line
//! ends. Line breaks of the text are kept, spaces at the end of a line are not. No line is wider than asked for, unless one
//! letter is.

use super::font::{Face, Fonts, Weight};

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) weight: Weight,
    pub(super) size: f32,
    /// From one line to the next.
    pub(super) leading: f32,
}

impl Style {
    pub(super) const fn new(weight: Weight, size: f32, leading: f32) -> Style {
        Style { weight, size, leading }
    }

    /// How far under the top of its line the letters stand.
    pub(super) fn baseline(self) -> f32 {
        (self.leading - self.size) / 2.0 + 0.86 * self.size
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) width: f32,
}

/// The lines of a text; one at least.
pub(super) fn wrap(fonts: &Fonts, style: Style, text: &str, width: f32) -> Vec<Line> {
    let text = clean(text);
    let mut wrapping = Wrapping { face: fonts.of(style.weight), size: style.size, room: width, lines: Vec::new() };
    for paragraph in text.trim_end().split('\n') {
        wrapping.paragraph(paragraph);
    }
    wrapping.lines
}

/// A text on one line, cut with an ellipsis where it does not fit.
pub(super) fn fit(fonts: &Fonts, style: Style, text: &str, width: f32) -> Line {
    let one_line = clean(text).replace(['\n', BREAK], " ");
    let mut lines = wrap(fonts, style, one_line.trim(), width);
    if lines.len() > 1 {
        cut(fonts, style, &mut lines[0], width);
    }
    lines.swap_remove(0)
}

/// Puts an ellipsis at the end of a line that does not tell all.
pub(super) fn cut(fonts: &Fonts, style: Style, line: &mut Line, width: f32) {
    let face = fonts.of(style.weight);
    let ellipsis = face.width('…', style.size);
    while line.width + ellipsis > width {
        let Some(last) = line.text.pop() else { break };
        line.width -= face.width(last, style.size);
    }
    line.text.push('…');
    line.width += ellipsis;
}

/// Where a line may break without anything to be seen.
const BREAK: char = '\u{200b}';

/// A text with one kind of line break, accents joined with their letters, and without marks that are not to be seen.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                letters.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\t' => out.push(' '),
            // Soft hyphens, joiners, marks of direction and of variants: they change letters that the font does not have.
            '\u{ad}'
            | '\u{200c}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => {}
            '\u{301}' | '\u{308}' => match out.chars().next_back().and_then(|base| joined(base, letter)) {
                Some(whole) => {
                    out.pop();
                    out.push(whole);
                }
                None => out.push(letter),
            },
            other => out.push(other),
        }
    }
    out
}

/// A Greek vowel with its accent as one letter: some phones and desktops send them as two, which would stand beside each other.
fn joined(base: char, mark: char) -> Option<char> {
    const ACUTE: &str = "αάεέηήιίοόυύωώΑΆΕΈΗΉΙΊΟΌΥΎΩΏϊΐϋΰ";
    const DIAERESIS: &str = "ιϊυϋΙΪΥΫίΐύΰ";
    let pairs = if mark == '\u{301}' { ACUTE } else { DIAERESIS };
    let mut letters = pairs.chars();
    while let (Some(plain), Some(whole)) = (letters.next(), letters.next()) {
        if plain == base {
            return Some(whole);
        }
    }
    None
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200a}' | '\u{3000}')
}

struct Wrapping<'a> {
    face: &'a Face,
    size: f32,
    room: f32,
    lines: Vec<Line>,
}

/// Where the line that is being filled may break.
#[derive(Clone, Copy)]
struct Opportunity {
    /// What is before it stays: bytes and width.
    stays: (usize, f32),
    /// What is after it goes on to the next line.
    goes: (usize, f32),
}

impl Wrapping<'_> {
    fn paragraph(&mut self, text: &str) {
        let first = self.lines.len();
        let (mut line, mut width) = (String::new(), 0.0_f32);
        let mut at: Option<Opportunity> = None;
        let mut before = None;
        for letter in text.chars() {
            if letter == BREAK {
                at = Some(Opportunity { stays: (line.len(), width), goes: (line.len(), width) });
                continue;
            }
            let advance = self.face.width(letter, self.size);
            if is_blank(letter) {
                // Blanks where a line broke belong to neither line; those at the beginning of a paragraph are meant.
                if line.is_empty() && self.lines.len() > first {
                    continue;
                }
                let stays = match at {
                    Some(open) if open.goes.0 == line.len() => open.stays,
                    _ => (line.len(), width),
                };
                line.push(letter);
                width += advance;
                at = Some(Opportunity { stays, goes: (line.len(), width) });
                before = Some(letter);
                continue;
            }
            // An accent that stands on the letter before it has no width and stays with it; after a blank it stands alone.
            let stays = advance == 0.0 && !before.is_some_and(is_blank);
            while !stays && width + advance > self.room && !line.is_empty() {
                match at.take() {
                    Some(open) => {
                        let rest = line.split_off(open.goes.0);
                        line.truncate(open.stays.0);
                        self.push(std::mem::replace(&mut line, rest), open.stays.1);
                        width -= open.goes.1;
                    }
                    None => {
                        self.push(std::mem::take(&mut line), width);
                        width = 0.0;
                    }
                }
            }
            line.push(letter);
            width += advance;
            // Between words alone: dates and numbers stay whole.
            if matches!(letter, '-' | '\u{2010}' | '–' | '—' | '/') && before.is_some_and(char::is_alphabetic) {
                at = Some(Opportunity { stays: (line.len(), width), goes: (line.len(), width) });
            }
            before = Some(letter);
        }
        if let Some(open) = at
            && open.goes.0 == line.len()
        {
            line.truncate(open.stays.0);
            width = open.stays.1;
        }
        self.push(line, width);
    }

    fn push(&mut self, text: String, width: f32) {
        self.lines.push(Line { text, width });
    }
}
