//! Receive buffers: in one place at a time, byte by byte.

use crate::driver::buffers::{FrameBuffer, Lease, Pool};
use crate::limits::{ALIGNMENT, FRAME_BUFFER};

/// So many buffers of 64 bytes, all of them with the kernel that the test plays.
fn offered(count: u16) -> std::rc::Rc<Pool> {
    let pool = Pool::new(count, 64);
    for id in 0..count {
        assert_eq!(pool.offer().map(|(id, _)| id), Some(id));
    }
    pool
}

fn joined(mut leases: Vec<Lease>) -> Lease {
    let mut whole = leases.remove(0);
    for lease in leases {
        whole.join(lease, 1024).expect("they lie in one piece");
    }
    whole
}

#[test]
fn a_buffer_is_in_one_place_at_a_time() {
    let pool = Pool::new(2, 128);
    let mut blank = pool.take().expect("two are free");
    blank[..3].copy_from_slice(b"abc");
    let lease = blank.written(3);
    let (id, start) = pool.offer().expect("one is free");
    assert!(pool.take().is_none());
    assert!(pool.offer().is_none());
    assert_eq!(pool.available(), 1);
    assert_eq!(start as usize % ALIGNMENT, 0);
    let other = pool.pretend(id, &[1; 128], true);
    assert_eq!((&*lease, other.len()), (&b"abc"[..], 128));
    assert_eq!(pool.available(), 0);
    drop((lease, other));
    assert_eq!(pool.available(), 2);
}

#[test]
#[should_panic(expected = "was not with the kernel")]
fn a_buffer_that_was_not_offered_is_refused() {
    let pool = Pool::new(2, 64);
    drop(pool.pretend(0, &[1], true));
}

#[test]
fn a_buffer_that_is_filled_in_parts_is_with_the_kernel_until_it_is_full() {
    let pool = offered(2);
    let first = pool.pretend(0, b"hello ", false);
    let second = pool.pretend(0, b"world", false);
    assert_eq!((&*first, &*second), (&b"hello "[..], &b"world"[..]));
    assert_eq!((pool.room(0), pool.available()), (53, 2));
    drop(first);
    let third = pool.pretend(0, &[3; 53], false);
    assert!(!pool.is_with_kernel(0), "it is full");
    assert_eq!((pool.available(), third.len()), (1, 53));
    drop(third);
    assert_eq!(pool.available(), 1, "another part of it is still read");
    assert_eq!(&*second, b"world");
    drop(second);
    assert_eq!(pool.available(), 2);
    assert_eq!(pool.offer().map(|(id, _)| id), Some(0));
}

#[test]
#[should_panic(expected = "with room for 4")]
fn no_more_is_taken_from_the_kernel_than_it_had_room_for() {
    let pool = offered(1);
    let _first = pool.pretend(0, &[0; 60], false);
    drop(pool.pretend(0, &[0; 5], false));
}

#[test]
fn a_part_can_be_the_last_one() {
    let pool = offered(1);
    drop(pool.pretend(0, b"x", false));
    assert!(pool.is_with_kernel(0));
    drop(pool.pretend(0, b"y", true));
    assert_eq!((pool.is_with_kernel(0), pool.available()), (false, 1));
}

#[test]
fn neighbours_are_read_in_one_piece_and_given_back_one_by_one() {
    let pool = offered(3);
    let bytes: Vec<u8> = (0..150).collect();
    let mut lease = joined(vec![
        pool.pretend(0, &bytes[..64], true),
        pool.pretend(1, &bytes[64..128], true),
        pool.pretend(2, &bytes[128..], true),
    ]);
    assert_eq!(&*lease, bytes);
    lease.advance(63);
    assert_eq!(pool.available(), 0);
    lease.advance(1);
    assert_eq!((pool.available(), &*lease), (1, &bytes[64..]));
    lease.advance(80);
    assert_eq!((pool.available(), &*lease), (2, &bytes[144..]));
    lease.advance(6);
    assert_eq!((pool.available(), lease.len()), (2, 0));
    drop(lease);
    assert_eq!(pool.available(), 3);
}

#[test]
fn parts_of_one_buffer_and_the_next_are_read_in_one_piece() {
    let pool = offered(2);
    let lease = joined(vec![
        pool.pretend(0, &[1; 10], false),
        pool.pretend(0, &[2; 54], false),
        pool.pretend(1, &[3; 5], false),
    ]);
    assert_eq!((lease.len(), lease[9], lease[10], lease[64]), (69, 1, 2, 3));
    assert_eq!(pool.available(), 1);
    drop(lease);
    assert_eq!((pool.available(), pool.room(1)), (2, 59));
}

#[test]
fn what_does_not_lie_in_one_piece_is_not_joined() {
    let pool = offered(4);
    let other = offered(4);
    let mut lease = pool.pretend(1, &[1; 64], true);
    for next in [
        pool.pretend(0, &[0; 64], true),
        pool.pretend(3, &[0; 64], true),
        other.pretend(2, &[0; 64], true),
    ] {
        let next = lease.join(next, 1024).expect_err("they lie elsewhere");
        assert_eq!(next.len(), 64);
    }
    let next = pool.pretend(2, &[2; 64], true);
    let next = lease.join(next, 127).expect_err("too long a piece");
    assert!(lease.join(next, 128).is_ok());
    let mut short = other.pretend(0, &[1; 63], true);
    let gap = other.pretend(1, &[1; 64], true);
    assert!(short.join(gap, 1024).is_err());
    drop((lease, short));
    assert_eq!((pool.available(), other.available()), (4, 4));
}

#[test]
fn a_detached_lease_frees_its_buffers_and_keeps_its_bytes() {
    let pool = offered(2);
    let mut lease = joined(vec![
        pool.pretend(0, &[7; 64], true),
        pool.pretend(1, b"hello", true),
    ]);
    lease.advance(64);
    assert!(lease.is_pooled());
    lease.detach();
    assert!(!lease.is_pooled());
    assert_eq!(pool.available(), 2);
    assert_eq!(&*lease, b"hello");
    let next = pool.offer().expect("both are free").0;
    assert!(lease.join(pool.pretend(next, b"x", true), 64).is_err());
    lease.advance(5);
    assert!(lease.is_empty());
}

#[test]
fn a_lease_outlives_the_ring() {
    let pool = Pool::new(1, 64);
    let mut blank = pool.take().expect("one is free");
    blank[0] = 7;
    let lease = blank.written(1);
    drop(pool);
    assert_eq!(&*lease, [7]);
}

#[test]
fn frame_buffers_are_aligned_and_zeroed() {
    for len in [1, 63, 64, 65, FRAME_BUFFER] {
        let buffer = FrameBuffer::new(len);
        assert_eq!(
            (buffer.as_ptr() as usize % ALIGNMENT, buffer.len()),
            (0, len)
        );
        assert!(buffer.iter().all(|&byte| byte == 0));
    }
}
