//! Two jobs measured in turns, so that what else the machine does weighs on both.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

/// The best times of two jobs that are run in turns: what is above the best is the machine's. The turns are short
/// and many, so that some are not interrupted.
pub fn pair(mut first: impl FnMut(), mut second: impl FnMut()) -> (Duration, Duration) {
    let turn = |job: &mut dyn FnMut(), times: u32| {
        let start = Instant::now();
        for _ in 0..times {
            job();
        }
        start.elapsed() / times
    };
    let once = turn(&mut first, 1).max(Duration::from_nanos(1));
    let times = Duration::from_micros(300).as_nanos() / once.as_nanos();
    let times = u32::try_from(times).unwrap_or(u32::MAX).max(1);
    let turns = (Duration::from_millis(500).as_nanos() / (once * times).as_nanos()).clamp(15, 1000);
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..turns {
        best.0 = best.0.min(turn(&mut first, times));
        best.1 = best.1.min(turn(&mut second, times));
    }
    best
}

/// Prints a pair: both times, the first as a multiple of the second, and the other way round in percent.
pub fn show(label: &str, (first, second): (Duration, Duration)) {
    let ratio = first.as_secs_f64() / second.as_secs_f64();
    println!("{label:<58} {first:>11.2?} {second:>11.2?}  {ratio:>5.2} x  {:>5.1} %", 100.0 / ratio);
}
