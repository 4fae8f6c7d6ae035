# A connection to the daemon, one call at a time; its methods are Overlayd::Protocol's operations.
#
#     my $client = Overlayd::Client->new('/var/run/zlayer-overlayd.sock', timeout => 5);
#     my $attached = $client->attach_container(
#         handle => { platform => 'linux_pid', pid => $$ }, service => 'web', join_global => 0);
#     print "$attached->{ip}\n";
#
# An operation returns its answer, a hash, or dies: with an Overlayd::Error, which holds the daemon's
# err, or with text. When a connection has failed it stays closed.
package Overlayd::Client;
use strict;
use warnings;
use parent 'Overlayd::Protocol';

use IO::Socket::UNIX;
use Socket qw(SOL_SOCKET SO_RCVTIMEO SO_SNDTIMEO);

my $BODY_MAX = 8 * 1024 * 1024;

# on_event: called with each event. timeout: whole seconds to wait for a part of an answer.
sub new {
    my ($class, $path, %options) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
    for ($options{timeout} ? (SO_RCVTIMEO, SO_SNDTIMEO) : ()) {
        setsockopt $socket, SOL_SOCKET, $_, pack('l!l!', $options{timeout}, 0) or die "$path: $!\n";
    }
    return bless { on_event => sub { }, %options, socket => $socket, last => 0 }, $class;
}

sub close_with {
    my ($self, $reason) = @_;
    close delete $self->{socket};
    die "$reason\n";
}

sub call {
    my ($self, $request, @results) = @_;
    my $id = ++$self->{last};
    my $body = Overlayd::Protocol::encode_frame(
        { frame => 'request', id => $id, request => $request });
    die "the connection is closed\n" if !$self->{socket};
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{socket} } pack('V/a', $body) or $self->close_with("sending: $!");
    my $answer = $self->answer_to($id);
    die bless $answer, 'Overlayd::Error' if $answer->{result} eq 'err';
    return $answer if grep { $_ eq $answer->{result} } @results;
    die "$request->{op} was answered with $answer->{result}\n";
}

sub answer_to {
    my ($self, $id) = @_;
    while (1) {
        my $frame = eval { Overlayd::Protocol::decode_frame($self->next_body) };
        next if !$frame && $@ =~ /\Aevent: unknown/;    # a newer daemon's
        $self->close_with($@ =~ s/\n\z//r) if !$frame;
        if ($frame->{frame} eq 'event') { $self->{on_event}->($frame) }
        elsif ($frame->{frame} ne 'response' || $frame->{id} != $id) {
            $self->close_with('a frame that nobody asked for');
        }
        else { return $frame->{response} }
    }
}

sub next_body {
    my ($self) = @_;
    my $length = unpack 'V', $self->take(4);
    die "a frame of $length bytes\n" if $length < 1 || $length > $BODY_MAX;
    return $self->take($length);
}

sub take {
    my ($self, $n) = @_;
    my $got = read($self->{socket}, my $bytes, $n);
    die 'receiving: ' . (defined $got ? 'the daemon has closed' : $!) . "\n" if ($got // 0) != $n;
    return $bytes;
}

package Overlayd::Error;
use overload '""' => sub { $_[0]{message} }, fallback => 1;

1;
