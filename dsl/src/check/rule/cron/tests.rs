use super::*;

fn shown(cron: &str) -> String {
    match parse(cron) {
        Ok(calendar) => calendar.to_string(),
        Err(fault) => panic!("{cron}: {}", fault.message),
    }
}

/// The part that is at fault, the message, and the whole expression as it should be.
fn fault(cron: &str) -> (&str, String, String) {
    let fault = parse(cron).expect_err("it is wrong");
    (
        &cron[fault.place],
        fault.message,
        fault.right.unwrap_or_default(),
    )
}

#[test]
fn fields_pick() {
    assert_eq!(shown("* * * * *"), "* * * * *");
    assert_eq!(shown(" 0  9 * * mon-FRI "), "0 9 * * 1-5");
    assert_eq!(
        shown("*/15 9-17/4 1,15,L JAN,jul-9 0,7"),
        "0,15,30,45 9,13,17 1,15,L 1,7-9 0"
    );
    assert_eq!(shown("0 0 * * FRI#2,5#4,sunl"), "0 0 * * 0L,5#2,5#4");
    assert_eq!(shown("0-59 0-23 * 1-12 *"), "* * * * *");
    // All the days there are is not the same as any day: a weekday may be asked for beside them.
    assert_eq!(shown("0 0 1-31 * 1"), "0 0 1-31 * 1");
    assert_eq!(shown("0 0 * * 5-7"), "0 0 * * 0,5-6");
}

#[test]
fn the_item_at_fault_is_named() {
    assert_eq!(fault("0,61 9 * * *").0, "61");
    assert_eq!(fault("0 24 * * *").1, "`24` is no hour");
    assert_eq!(fault("0 9 0 * *").1, "`0` is no day of the month");
    assert_eq!(fault("0 9 * 13 *").1, "`13` is no month");
    assert_eq!(fault("0 9 * * 8").1, "`8` is no day of the week");
    assert_eq!(fault("0 9 * * FRI#6").0, "FRI#6");
    assert_eq!(fault("0 9 * * MON-FRI#2").0, "MON-FRI#2");
    assert_eq!(fault("0 9 * * L").1, "`L` is no day of the week");
    assert_eq!(fault("MON 9 * * *").1, "`MON` is no minute");
    assert_eq!(fault("0 9 15W * *").1, "`15W` is no day of the month");
    assert_eq!(fault("0 9,,10 * * *").1, "the hour has an empty item");
    assert_eq!(fault("0 */0 * * *").1, "`*/0` is no hour");
    assert_eq!(fault("0 1-2-3 * * *").0, "1-2-3");
    assert_eq!(fault("0 +9 * * *").0, "+9");
}

#[test]
fn what_is_meant_is_shown() {
    let right = |cron| fault(cron).2;
    assert_eq!(right("0 9 * * MONDAY"), "0 9 * * MON");
    assert_eq!(right("0 9 * JNA *"), "0 9 * JAN *");
    assert_eq!(right("5/10 * * * *"), "5-59/10 * * * *");
    assert_eq!(right("0 /2 * * *"), "0 */2 * * *");
    assert_eq!(right("0 22-6 * * *"), "0 22-23,0-6 * * *");
    assert_eq!(right("0 9 * * FRI-SUN"), "0 9 * * FRI-SAT,SUN");
    assert_eq!(right("0 9 ? * MON"), "0 9 * * MON");
    assert_eq!(right("@daily"), "0 0 * * *");
    assert_eq!(right("0 0 9 * * MON"), "0 9 * * MON");
    assert_eq!(right("30 0 9 * * MON"), "");
}

#[test]
fn five_fields() {
    assert!(fault("0 9 * *").1.ends_with("this has 4"));
    assert!(fault("").1.ends_with("this one is empty"));
    let long = format!("{} * * * *", vec!["1"; 300].join(","));
    assert!(fault(&long).1.ends_with("512 bytes long"));
}
