# Documents to values and back, by the tables of a generated module. A value is what stands on the
# wire: an object is a hash, a union a hash that has its tag too, a list an array, a boolean 1 or 0,
# an integer its decimal digits, which Perl takes for a number, all else text. What is absent isn't
# in the hash. Functions die with "path: reason", which never holds a value.
package Overlayd::Wire;
use strict;
use warnings;
no warnings 'recursion';    # its depth is limited here

use Socket qw(AF_INET AF_INET6 inet_ntop inet_pton);

my $LEVELS_MAX = 127;
my %ESCAPE = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");
my %LETTER = (reverse(%ESCAPE), '"' => '"', '\\' => '\\');
my %LIMITS = (    # the largest below zero, without its sign, and above
    u8 => [0, '255'], u16 => [0, '65535'], u32 => [0, '4294967295'],
    u64 => [0, '18446744073709551615'], i32 => ['2147483648', '2147483647'],
    i64 => ['9223372036854775808', '9223372036854775807'],
);
our (@PATH, $HIDDEN);

sub fault {
    my ($reason, @key) = @_;
    my $path = join('.', @PATH, @key) =~ s/\.\[/[/gr;
    die(($path eq '' ? '' : "$path: ") . "$reason\n");
}

# ---- any JSON, from pos($_): [kind, content] ----

sub scan_string {    # behind its first quote
    my $out = '';
    until (/\G"/gc) {
        if (/\G([^"\\\x00-\x1f]+)/gc) { $out .= $1 }
        elsif (/\G\\(["\\\/bfnrt])/gc) { $out .= $ESCAPE{$1} // $1 }
        elsif (/\G\\u(?!0000|[dD][89a-fA-F])([0-9a-fA-F]{4})/gc) { $out .= chr hex $1 }
        elsif (/\G\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/gc) {
            $out .= chr(0x10000 + ((hex($1) & 0x3ff) << 10 | hex($2) & 0x3ff));
        }
        else { fault('a broken string') }
    }
    return $out;
}

sub scan {
    my ($levels) = @_;
    /\G[ \t\r\n]+/gc;
    return [string => scan_string()] if /\G"/gc;
    return [bool => $1 eq 'true' ? 1 : 0] if /\G(true|false)/gc;
    return ['null'] if /\Gnull/gc;
    if (/\G(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)/gc) {
        return [number => $1] if abs($1) != 9**9**9;
        fault('a number that no double can hold');
    }
    my $end = /\G\{/gc ? '}' : /\G\[/gc ? ']' : fault('expected a value');
    my @items;
    fault('nested too deep') if $levels == 0;
    until (/\G[ \t\r\n]*\Q$end\E/gc) {
        !@items || /\G[ \t\r\n]*,/gc or fault('expected a comma');
        if ($end eq ']') { push @items, scan($levels - 1); next }
        my $key = /\G[ \t\r\n]*"/gc ? scan_string() : fault('expected a key');
        /\G[ \t\r\n]*:/gc or fault('expected a colon');
        push @items, [$key, scan($levels - 1)];
    }
    return [$end eq ']' ? 'list' : 'object', \@items];
}

sub document {
    my ($body) = @_;
    my $is_utf8 = utf8::decode(my $text = $body);
    $is_utf8 && $text !~ /[^\0-\x{d7ff}\x{e000}-\x{10ffff}]/
        or fault('not UTF-8');
    for ($text) {
        my $value = scan($LEVELS_MAX);
        return $value if /\G[ \t\r\n]*\z/gc;
        fault('something behind the document');
    }
}

# ---- one value, either way ----

sub address {    # RFC 5952; libc has a dotted tail for all of ::/96, the contract has not
    my ($text) = @_;
    fault('expected an IP address') if $text !~ /\A[0-9A-Fa-f:.]+\z/;
    my $four = inet_pton(AF_INET, $text);
    return inet_ntop(AF_INET, $four) if defined $four;
    my $six = inet_ntop(AF_INET6, inet_pton(AF_INET6, $text) // fault('expected an IP address'));
    $six =~ s/\A::(\d+)\.(\d+)\.(\d+)\.(\d+)\z/sprintf '::%x:%x', $1 << 8 | $2, $3 << 8 | $4/e;
    return $six;
}

sub plain {    # a number's or a string's content, if it is of the type
    my ($types, $row, $value) = @_;
    my $type = $row->{type};
    fault("expected $type") if !defined $value || ref $value;
    if ($LIMITS{$type}) {
        my ($sign, $digits) = $value =~ /\A(?!-0|0[0-9])(-?)([0-9]+)\z/a;
        my $limit = $LIMITS{$type}[$sign ? 0 : 1];
        return $value if defined $digits && length $digits < length $limit;
        return $value if defined $digits && length $digits == length $limit && $digits le $limit;
        fault("expected an integer, $type");
    }
    return address($value) if $type eq 'ip';
    if ($type ne 'text') {
        return $types->{$type}{values}{$value} ? $value : fault("unknown $type");
    }
    fault('not Unicode, or U+0000') if $value =~ /[^\x01-\x{d7ff}\x{e000}-\x{10ffff}]/;
    utf8::encode(my $bytes = $value);
    fault("more than $row->{max} bytes") if length $bytes > $row->{max};
    return $value;
}

sub each_item {
    my ($row, $items, $step) = @_;
    fault("more than $row->{list} items") if @$items > $row->{list};
    return map { local @PATH = (@PATH, "[$_]"); $step->($items->[$_]) } 0 .. $#$items;
}

# ---- reading ----

sub read_object {    # of what stands under each key, what the type knows
    my ($types, $type, $under) = @_;
    my ($tag, %out) = ($types->{$type}{tag});
    if (defined $tag) {
        my ($value, $again) = @{ $under->{$tag} // [] };
        fault('expected one string', $tag) if !$value || $again || $value->[0] ne 'string';
        my $variant = $types->{$type}{variants}{ $value->[1] } // fault("unknown $type", $tag);
        return { $tag => $value->[1], %{ read_object($types, $variant, $under) } };
    }
    for my $row (@{ $types->{$type}{fields} }) {
        local @PATH = (@PATH, $row->{key});
        my ($value, $again) = @{ $under->{ $row->{key} } // [] };
        fault('stands twice') if $again;
        next if $row->{optional} && (!$value || $value->[0] eq 'null');
        $value //= document($row->{default} // fault('missing'));
        $out{ $row->{key} } = read_value($types, $row, $value, $row->{list});
    }
    return \%out;
}

sub read_value {
    my ($types, $row, $value, $is_list) = @_;
    my $table = $types->{ $row->{type} };
    my $wanted = $is_list ? 'list'
        : $table && !$table->{values} ? 'object'
        : $row->{type} eq 'bool' ? 'bool'
        : $LIMITS{ $row->{type} } ? 'number' : 'string';
    my ($kind, $content) = @$value;
    fault("expected $wanted") if $kind ne $wanted;
    return [each_item($row, $content, sub { read_value($types, $row, @_) })] if $is_list;
    return $content if $kind eq 'bool';
    return plain($types, $row, $content) if $kind ne 'object';
    my %under;
    push @{ $under{ $_->[0] } }, $_->[1] for @$content;
    return read_object($types, $row->{type}, \%under);
}

# ---- writing ----

sub quoted {
    my ($text) = @_;
    $text =~ s/(["\\\x00-\x1f])/$LETTER{$1} ? "\\$LETTER{$1}" : sprintf '\\u%04x', ord $1/ge;
    return "\"$text\"";
}

sub write_members {    # taken out of the hash: "key":value each
    my ($types, $type, $hash) = @_;
    my ($tag, @out) = ($types->{$type}{tag});
    if (defined $tag) {
        my $name = delete $hash->{$tag} // fault('missing', $tag);
        my $variant = $types->{$type}{variants}{$name} // fault("unknown $type", $tag);
        return (quoted($tag) . ':' . quoted($name), write_members($types, $variant, $hash));
    }
    for my $row (@{ $types->{$type}{fields} }) {
        local @PATH = (@PATH, $row->{key});
        my $value = delete $hash->{ $row->{key} };
        next if $row->{skip_empty} && !@{ $value // [] } || $row->{optional} && !defined $value;
        push @out, quoted($row->{key}) . ':' . (
            defined $value ? write_value($types, $row, $value, $row->{list})
            : $row->{default} // fault('missing'));
    }
    return @out;
}

sub write_value {
    my ($types, $row, $value, $is_list) = @_;
    my $table = $types->{ $row->{type} };
    if ($is_list) {
        fault('expected an array') if ref $value ne 'ARRAY';
        my $step = sub { write_value($types, $row, @_) };
        return '[' . join(',', each_item($row, $value, $step)) . ']';
    }
    return '"***"' if $HIDDEN && $row->{secret};
    return $value ? 'true' : 'false' if $row->{type} eq 'bool';
    return plain($types, $row, $value) if $LIMITS{ $row->{type} };
    return quoted(plain($types, $row, $value)) if !$table || $table->{values};
    fault('expected a hash') if ref $value ne 'HASH';
    my %left = %$value;
    my $members = join ',', write_members($types, $row->{type}, \%left);
    fault('unknown key', sort keys %left) if %left;
    return "{$members}";
}

# ---- what the generated module calls: with its tables, a message's name, bytes or a value ----

sub decode {
    my ($types, $type, $body) = @_;
    local @PATH;
    return read_value($types, { type => $type }, document($body));
}

sub encode {    # in the one canonical form
    my ($types, $type, $value) = @_;
    local @PATH;
    utf8::encode(my $body = write_value($types, { type => $type }, $value));
    return $body;
}

sub show {    # the same for a log: without its secrets
    local $HIDDEN = 1;
    return encode(@_);
}

1;
