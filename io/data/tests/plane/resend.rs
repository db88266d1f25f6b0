//! What is sent again after a reconnect.

use trapjaw_client::{Options, StreamId};
use trapjaw_data::plane::PlaneConfig;

use crate::rig::{RULES, Rig, loads, with_each_driver};

#[test]
fn what_was_taken_is_acknowledged_and_dropped() {
    with_each_driver(|driver| {
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                driver,
                shards: 2,
                ..PlaneConfig::default()
            },
        );
        let options = Options {
            stream: StreamId(7),
            ..Options::default()
        };
        let (mut client, registry) = rig.client_with(&options);
        client
            .send_rows(&mut loads(&registry, &[0.95, 0.95]))
            .expect("there is credit");
        client.flush().expect("it is taken");
        client
            .send_rows(&mut loads(&registry, &[0.95]))
            .expect("there is credit");
        // The connection ends before the client has seen the last acknowledgement.
        client.ping().expect("it was looked at");
        drop(client);

        let (mut client, _) = rig.client_with(&options);
        assert_eq!(client.welcome().high_water, 3);
        client.resume_from(3);
        // Wholly and partly what the server has.
        client
            .send_rows(&mut loads(&registry, &[0.95]))
            .expect("there is credit");
        client.resume_from(2);
        client
            .send_rows(&mut loads(&registry, &[0.95, 0.95, 0.96, 0.97]))
            .expect("there is credit");
        assert_eq!(client.flush().expect("it is acknowledged"), 5);

        // Another stream counts for itself.
        let (mut other, _) = rig.client_with(&Options {
            stream: StreamId(8),
            ..Options::default()
        });
        assert_eq!(other.welcome().high_water, 0);
        other
            .send_rows(&mut loads(&registry, &[0.99]))
            .expect("there is credit");
        other.flush().expect("it is taken");
        drop((client, other));

        let (report, matches) = rig.drain();
        let repeated: u64 = report.shards.iter().map(|shard| shard.tally.repeated).sum();
        let events: u64 = report
            .shards
            .iter()
            .map(|shard| shard.counters.events)
            .sum();
        assert_eq!((events, repeated, matches.len()), (6, 3, 6));
    });
}

#[test]
fn a_stream_without_a_name_counts_in_its_connection_alone() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut one, registry) = rig.client();
        let (mut two, _) = rig.client();
        for client in [&mut one, &mut two] {
            client
                .send_rows(&mut loads(&registry, &[0.99]))
                .expect("there is credit");
            assert_eq!(client.flush().expect("it is taken"), 1);
        }
        let ids = [rig.next_match().id, rig.next_match().id];
        assert_ne!(ids[0], ids[1], "they are different events");
    });
}
