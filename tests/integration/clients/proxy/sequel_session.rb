# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# usage: sequel_session.rb BASE
require 'sequel'

base = Integer(ARGV[0])
# Aurora DSQL refuses SET of these parameters.
db = Sequel.connect(ENV.fetch('DATABASE_URL'), force_standard_strings: false, client_min_messages: false)
notes = db[:notes]
mine = notes.where(id: base..base + 9)
mine.delete
db.transaction { 5.times { |i| notes.insert(id: base + i, body: "note #{i}") } }
find = notes.where(id: :$id).select(:body).prepare(:first, :find)
10.times do |i|
  found = find.call(id: base + (i % 5))[:body]
  raise found if found != "note #{i % 5}"
end
begin
  notes.insert(id: base, body: 'twice')
  raise 'no error'
rescue Sequel::UniqueConstraintViolation # as it should be
end
puts "#{db.get(Sequel.lit('current_user'))} #{mine.count}"
