//! `$filter` and `$orderby` expressions: the grammar of OGC 18-088 (after OData 4), checked against the data model.
//!
//! Pure: text in, [`Expr`] out. Whatever the text, the answer is an expression or an [`ApiError`], never a panic;
//! depth and size are bounded. A name that the model does not have is an error here, not a silent "false" later.
//! A condition on a relation to many holds when it holds for any of them; it becomes [`Expr::Any`].

mod lexer;

use super::error::ApiError;
use super::model::{Kind, Navigation};
use super::value::Value;
use lexer::{Lexer, Token};

/// Parentheses, functions and signs inside each other at most.
const DEPTH_MAX: usize = 50;
/// Operators and functions of one expression at most.
const NODES_MAX: usize = 500;

/// An expression over the properties of one entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A literal.
    Literal(Value),
    /// A property of the entity, or of one that relations lead to.
    Path(PropertyPath),
    /// `not`
    Not(Box<Expr>),
    /// `-`
    Negative(Box<Expr>),
    /// An operator between two.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// A function.
    Call(Function, Vec<Expr>),
    /// True when the condition holds for any entity that the relations lead to.
    Any(Vec<Navigation>, Box<Expr>),
}

/// `Datastream/Thing/properties/zone`: relations, a property, names inside its value.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyPath {
    /// Relations to follow.
    pub navigations: Vec<Navigation>,
    /// The property of the entity they lead to.
    pub property: &'static str,
    /// Names inside the property's value.
    pub inner: Vec<String>,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    And,
    Or,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

impl Operator {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "and" => Self::And,
            "or" => Self::Or,
            "add" => Self::Add,
            "sub" => Self::Sub,
            "mul" => Self::Mul,
            "div" => Self::Div,
            "mod" => Self::Mod,
            _ => return None,
        })
    }

    /// How tightly it binds, after OData 4: `or` least, `mul` most.
    const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Eq | Self::Ne => 3,
            Self::Gt | Self::Ge | Self::Lt | Self::Le => 4,
            Self::Add | Self::Sub => 5,
            Self::Mul | Self::Div | Self::Mod => 6,
        }
    }

    /// The comparison that says the same with its sides exchanged.
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            other => other,
        }
    }
}

/// Makes the functions: variant, name, fewest and most arguments.
macro_rules! functions {
    ($($variant:ident $name:literal $min:literal $max:literal;)*) => {
        /// A built-in function of the standard.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $($variant,)* }

        impl Function {
            fn from_name(name: &str) -> Option<(Self, usize, usize)> {
                match name {
                    $($name => Some((Self::$variant, $min, $max)),)*
                    _ => None,
                }
            }
        }
    };
}

functions! {
    SubstringOf "substringof" 2 2;
    EndsWith "endswith" 2 2;
    StartsWith "startswith" 2 2;
    Length "length" 1 1;
    IndexOf "indexof" 2 2;
    Substring "substring" 2 3;
    ToLower "tolower" 1 1;
    ToUpper "toupper" 1 1;
    Trim "trim" 1 1;
    Concat "concat" 2 2;
    Year "year" 1 1;
    Month "month" 1 1;
    Day "day" 1 1;
    Hour "hour" 1 1;
    Minute "minute" 1 1;
    Second "second" 1 1;
    FractionalSeconds "fractionalseconds" 1 1;
    Date "date" 1 1;
    Time "time" 1 1;
    TotalOffsetMinutes "totaloffsetminutes" 1 1;
    Now "now" 0 0;
    MinDateTime "mindatetime" 0 0;
    MaxDateTime "maxdatetime" 0 0;
    Round "round" 1 1;
    Floor "floor" 1 1;
    Ceiling "ceiling" 1 1;
    GeoDistance "geo.distance" 2 2;
    GeoLength "geo.length" 1 1;
    GeoIntersects "geo.intersects" 2 2;
    StEquals "st_equals" 2 2;
    StDisjoint "st_disjoint" 2 2;
    StTouches "st_touches" 2 2;
    StWithin "st_within" 2 2;
    StOverlaps "st_overlaps" 2 2;
    StCrosses "st_crosses" 2 2;
    StIntersects "st_intersects" 2 2;
    StContains "st_contains" 2 2;
    StRelate "st_relate" 3 3;
}

impl Expr {
    /// Parses a condition on entities of that kind.
    ///
    /// # Errors
    /// 400 for what is not in the grammar or the model, 501 for what this service leaves out.
    pub fn condition(text: &str, kind: Kind) -> Result<Self, ApiError> {
        let mut parser = Parser { lexer: Lexer::new(text), kind, nodes: 0 };
        let expr = parser.whole()?;
        quantified(expr)
    }

    /// Parses one key of `$orderby`, without its direction.
    ///
    /// # Errors
    /// As [`Expr::condition`]; relations to many are refused, since they give no single value.
    pub fn key(text: &str, kind: Kind) -> Result<Self, ApiError> {
        let mut parser = Parser { lexer: Lexer::new(text), kind, nodes: 0 };
        let expr = parser.whole()?;
        let mut many = false;
        expr.each_path(&mut |path| many |= path.last_many().is_some());
        if many {
            return Err(ApiError::bad(format!("$orderby: '{text}' leads to many entities, so it gives no order")));
        }
        Ok(expr)
    }

    /// Calls `see` with each property path, those inside [`Expr::Any`] left out.
    pub fn each_path(&self, see: &mut dyn FnMut(&PropertyPath)) {
        match self {
            Expr::Literal(_) | Expr::Any(..) => {}
            Expr::Path(path) => see(path),
            Expr::Not(inner) | Expr::Negative(inner) => inner.each_path(see),
            Expr::Binary(_, left, right) => {
                left.each_path(see);
                right.each_path(see);
            }
            Expr::Call(_, arguments) => arguments.iter().for_each(|argument| argument.each_path(see)),
        }
    }

    /// Whether its value is the same for every entity.
    pub fn is_constant(&self) -> bool {
        match self {
            Expr::Literal(_) => true,
            Expr::Path(_) | Expr::Any(..) => false,
            Expr::Not(inner) | Expr::Negative(inner) => inner.is_constant(),
            Expr::Binary(_, left, right) => left.is_constant() && right.is_constant(),
            Expr::Call(_, arguments) => arguments.iter().all(Expr::is_constant),
        }
    }

    /// The same expression seen from the entity that `first` leads to, when every path in it begins there.
    pub fn beyond(&self, first: &str) -> Option<Expr> {
        Some(match self {
            Expr::Literal(_) => self.clone(),
            Expr::Path(path) => {
                let (head, rest) = path.navigations.split_first()?;
                if head.name != first {
                    return None;
                }
                Expr::Path(PropertyPath { navigations: rest.to_vec(), ..path.clone() })
            }
            Expr::Any(navigations, condition) => {
                let (head, rest) = navigations.split_first()?;
                if head.name != first {
                    return None;
                }
                if rest.is_empty() {
                    return None;
                }
                Expr::Any(rest.to_vec(), condition.clone())
            }
            Expr::Not(inner) => Expr::Not(Box::new(inner.beyond(first)?)),
            Expr::Negative(inner) => Expr::Negative(Box::new(inner.beyond(first)?)),
            Expr::Binary(operator, left, right) => {
                Expr::Binary(*operator, Box::new(left.beyond(first)?), Box::new(right.beyond(first)?))
            }
            Expr::Call(function, arguments) => {
                Expr::Call(*function, arguments.iter().map(|a| a.beyond(first)).collect::<Option<_>>()?)
            }
        })
    }

    /// The conditions that must all hold.
    pub fn conjuncts(self) -> Vec<Expr> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(expr) = waiting.pop() {
            match expr {
                Expr::Binary(Operator::And, left, right) => waiting.extend([*right, *left]),
                other => found.push(other),
            }
        }
        found
    }
}

impl PropertyPath {
    /// How many relations there are up to the last that leads to many.
    fn last_many(&self) -> Option<usize> {
        self.navigations.iter().rposition(|navigation| navigation.many).map(|at| at + 1)
    }
}

/// Wraps each condition on a relation to many in [`Expr::Any`].
fn quantified(expr: Expr) -> Result<Expr, ApiError> {
    match expr {
        Expr::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
            Ok(Expr::Binary(operator, Box::new(quantified(*left)?), Box::new(quantified(*right)?)))
        }
        Expr::Not(inner) => Ok(Expr::Not(Box::new(quantified(*inner)?))),
        leaf => {
            let mut paths = Vec::new();
            leaf.each_path(&mut |path| paths.push(path.clone()));
            let Some(longest) = paths.iter().filter_map(PropertyPath::last_many).max() else { return Ok(leaf) };
            let prefix = paths
                .iter()
                .find(|path| path.last_many() == Some(longest))
                .map(|path| path.navigations[..longest].to_vec())
                .unwrap_or_default();
            if !paths.iter().all(|path| path.navigations.starts_with(&prefix)) {
                return Err(ApiError::unsupported(
                    "$filter: one comparison mixes a relation to many with other properties; compare them one at a time",
                ));
            }
            if prefix.iter().any(|navigation| navigation.target == Kind::Observation) {
                return Err(ApiError::unsupported(
                    "$filter: conditions through Observations are not supported; ask for Observations with a condition \
                     on Datastream/… instead",
                ));
            }
            let mut inner = leaf;
            for navigation in &prefix {
                inner = inner.beyond(navigation.name).ok_or_else(|| ApiError::bad("$filter: a path is not whole"))?;
            }
            Ok(Expr::Any(prefix, Box::new(inner)))
        }
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    kind: Kind,
    nodes: usize,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Expr, ApiError> {
        let expr = self.binary(0, 0)?;
        match self.lexer.next()? {
            Token::End => Ok(expr),
            other => Err(self.unexpected(&other, "an operator or the end")),
        }
    }

    fn binary(&mut self, least: u8, depth: usize) -> Result<Expr, ApiError> {
        let mut left = self.unary(depth)?;
        loop {
            let before = self.lexer.clone();
            let operator = match self.lexer.next()? {
                Token::Word(word) => Operator::from_word(word),
                _ => None,
            };
            let Some(operator) = operator.filter(|operator| operator.precedence() > least) else {
                self.lexer = before;
                return Ok(left);
            };
            self.grow()?;
            let right = self.binary(operator.precedence(), depth + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Expr, ApiError> {
        if depth > DEPTH_MAX {
            return Err(ApiError::bad(format!("an expression may be nested {DEPTH_MAX} deep at most")));
        }
        match self.lexer.next()? {
            Token::Word("not") => {
                self.grow()?;
                Ok(Expr::Not(Box::new(self.unary(depth + 1)?)))
            }
            Token::Minus => {
                self.grow()?;
                Ok(match self.unary(depth + 1)? {
                    Expr::Literal(Value::Int(n)) => Expr::Literal(Value::Int(n.wrapping_neg())),
                    Expr::Literal(Value::Number(n)) => Expr::Literal(Value::Number(-n)),
                    other => Expr::Negative(Box::new(other)),
                })
            }
            Token::Open => {
                let inner = self.binary(0, depth + 1)?;
                self.close()?;
                Ok(inner)
            }
            Token::Literal(value) => Ok(Expr::Literal(value)),
            Token::Word(word) => self.name(word, depth),
            other => Err(self.unexpected(&other, "a property, a literal or a function")),
        }
    }

    fn name(&mut self, word: &str, depth: usize) -> Result<Expr, ApiError> {
        let before = self.lexer.clone();
        if self.lexer.next()? == Token::Open {
            return self.call(word, depth);
        }
        self.lexer = before;
        match word {
            "null" => Ok(Expr::Literal(Value::Null)),
            "true" => Ok(Expr::Literal(Value::Bool(true))),
            "false" => Ok(Expr::Literal(Value::Bool(false))),
            _ => property_path(word, self.kind).map(Expr::Path),
        }
    }

    fn call(&mut self, name: &str, depth: usize) -> Result<Expr, ApiError> {
        let (function, min, max) = Function::from_name(&name.to_ascii_lowercase())
            .ok_or_else(|| ApiError::bad(format!("there is no function '{name}' in SensorThings 1.1")))?;
        self.grow()?;
        let mut arguments = Vec::new();
        let before = self.lexer.clone();
        if self.lexer.next()? != Token::Close {
            self.lexer = before;
            loop {
                arguments.push(self.binary(0, depth + 1)?);
                match self.lexer.next()? {
                    Token::Comma => {}
                    Token::Close => break,
                    other => return Err(self.unexpected(&other, "',' or ')'")),
                }
            }
        }
        if arguments.len() < min || arguments.len() > max {
            return Err(ApiError::bad(format!("{name} takes {max} argument(s), not {}", arguments.len())));
        }
        Ok(Expr::Call(function, arguments))
    }

    fn close(&mut self) -> Result<(), ApiError> {
        match self.lexer.next()? {
            Token::Close => Ok(()),
            other => Err(self.unexpected(&other, "')'")),
        }
    }

    fn grow(&mut self) -> Result<(), ApiError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(ApiError::bad(format!("an expression may have {NODES_MAX} operators at most")));
        }
        Ok(())
    }

    fn unexpected(&self, found: &Token<'_>, expected: &str) -> ApiError {
        ApiError::bad(format!("expected {expected}, found {found} at character {}", self.lexer.position() + 1))
    }
}

/// Checks `Datastream/Thing/name` against the model.
fn property_path(text: &str, kind: Kind) -> Result<PropertyPath, ApiError> {
    let mut at = kind;
    let mut navigations = Vec::new();
    let mut parts = text.split('/');
    while let Some(part) = parts.next() {
        if let Some(navigation) = at.navigation(part) {
            at = navigation.target;
            navigations.push(navigation);
            continue;
        }
        let property =
            at.property(part).ok_or_else(|| ApiError::bad(format!("a {at} has no property or relation '{part}'")))?;
        let inner: Vec<String> = parts.map(str::to_owned).collect();
        if inner.iter().any(String::is_empty) {
            return Err(ApiError::bad(format!("'{text}' has an empty part")));
        }
        return Ok(PropertyPath { navigations, property, inner });
    }
    Err(ApiError::bad(format!("'{text}' names a relation where a property is needed")))
}
