//! How clients reach a server.

use anyhow::{Context, Result, bail};
use trapjaw_client::Options;

use crate::args::Server;

/// The client's options, with the token if one is given.
pub(crate) fn options(server: &Server) -> Result<Options> {
    let mut options = Options::default();
    let token = match (&server.token_file, std::env::var("TRAPJAW_TOKEN")) {
        (Some(path), _) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("reading the token from {}", path.display()))?,
        ),
        (None, Ok(token)) => Some(token),
        (None, Err(std::env::VarError::NotPresent)) => None,
        (None, Err(error)) => bail!("TRAPJAW_TOKEN: {error}"),
    };
    if let Some(token) = token {
        options.token = token.trim().into();
    }
    Ok(options)
}
