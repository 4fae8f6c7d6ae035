# Bodies on standard input, each after its length, u32 little-endian; for each, likewise, A and the canonical body, or R and the reason.
use strict;
use warnings;
use Overlayd::Protocol;

my $kind = $ARGV[1];
my ($decode, $encode) = map { Overlayd::Protocol->can("${_}_$kind") } qw(decode encode);
binmode $_ for *STDIN, *STDOUT;
$| = 1;
while (read(STDIN, my $head, 4) == 4) {
    read STDIN, my $body, unpack 'V', $head;
    my $value = eval { $decode->($body) };
    my $answer = defined $value ? 'A' . $encode->($value) : "R$@";
    utf8::encode($answer) if !defined $value;
    print pack('V', length $answer), $answer;
}
