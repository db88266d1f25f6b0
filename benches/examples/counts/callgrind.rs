//! What callgrind has counted ([format](https://valgrind.org/docs/manual/cl-format.html)).
//!
//! Only the program's own code counts: which of its copies of `memcpy` the C library takes is for the processor to say, and how long
//! `malloc` takes depends on the library's version.

/// Instructions of the program's own code, of an output of callgrind that counts instructions by line.
///
/// # Errors
///
/// What is not as expected: another form, or numbers that do not add up.
pub(crate) fn own_instructions(output: &str) -> Result<u64, String> {
    let field = |name: &str| {
        let line = output.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim).ok_or(format!("no line `{name}`"))
    };
    let command = field("cmd:")?;
    let program = command.split(' ').next().unwrap_or_default();
    if (field("positions:")?, field("events:")?) != ("line", "Ir") {
        return Err("it has other positions than lines, or other events than instructions".into());
    }
    let (mut own, mut all) = (0, 0);
    let mut is_own = false;
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_own = object == program;
        } else if line.starts_with("calls=") {
            // What the called functions took stands again with them.
            lines.next();
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost = line.split(' ').nth(1).map(str::parse::<u64>);
            let cost = cost.and_then(Result::ok).ok_or(format!("line `{line}`"))?;
            all += cost;
            own += if is_own { cost } else { 0 };
        }
    }
    let total = field("totals:")?;
    if total != all.to_string() {
        return Err(format!(
            "its lines have {all} instructions, its total is {total}"
        ));
    }
    if own == 0 {
        return Err(format!("nothing was counted in {program}"));
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
# callgrind format
cmd:  /a/bench --run 1
positions: line
events: Ir
summary: 175

ob=/a/bench
fl=/a/src.rs
fn=step
10 5
+1 7
cfn=other
calls=2 30
* 70
cob=/lib/libc.so.6
cfn=memcpy
calls=1 0
+2 93
fn=other
30 70
ob=/lib/libc.so.6
fn=memcpy
0 93

totals: 175
";

    #[test]
    fn own_code_counts_once() {
        assert_eq!(own_instructions(OUTPUT), Ok(82));
    }

    #[test]
    fn what_does_not_add_up_is_told() {
        let changed = |from: &str, to: &str| own_instructions(&OUTPUT.replace(from, to));
        assert!(changed("totals: 175", "totals: 176").is_err());
        assert!(changed("+1 7", "+1 8").is_err());
        assert!(changed("+1 7", "+1 seven").is_err());
        assert!(changed("ob=/a/bench", "ob=/a/another").is_err());
        assert!(changed("events: Ir", "events: Ir Dr").is_err());
        assert!(changed("cmd:", "command:").is_err());
    }
}
