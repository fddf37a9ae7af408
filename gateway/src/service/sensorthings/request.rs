//! [`Request`]: path and query together, parsed and checked, without I/O.

use super::error::ApiError;
use super::options::Options;
use super::path::{self, End, Resource};

/// What a URL asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which entities, or what of one.
    pub resource: Resource,
    /// How.
    pub options: Options,
}

/// Reads a path below `/v1.1` and a query without its `?`, both as they stand in the URL.
///
/// # Errors
/// 400 for what is malformed or out of place, 404 for paths that lead nowhere, 501 for what is left out here.
pub fn parse(path: &str, query: &str) -> Result<Request, ApiError> {
    let resource = path::parse(path)?;
    let options = match &resource {
        Resource::Steps(steps, end) => match (steps.last(), end) {
            (Some(last), End::Entities) => Options::parse(query, last.kind, last.is_collection())?,
            (Some(last), End::References) => {
                let options = Options::parse(query, last.kind, last.is_collection())?;
                if options.select.is_some() || !options.expand.is_empty() || options.data_array {
                    return Err(ApiError::bad("$select, $expand and $resultFormat have no meaning for $ref"));
                }
                options
            }
            _ => none(query)?,
        },
        Resource::Root => none(query)?,
    };
    Ok(Request { resource, options })
}

fn none(query: &str) -> Result<Options, ApiError> {
    Options::none(query).map(|()| Options::default())
}
