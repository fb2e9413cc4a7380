# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# usage: ruby_pg_session.rb BASE
require 'pg'

base = Integer(ARGV[0])
conn = PG.connect(ENV.fetch('DATABASE_URL'))
conn.exec_params('DELETE FROM notes WHERE id BETWEEN $1 AND $2', [base, base + 9])
conn.prepare('add', 'INSERT INTO notes VALUES ($1, $2)')
conn.transaction { 5.times { |i| conn.exec_prepared('add', [base + i, "note #{i}"]) } }
conn.prepare('find', 'SELECT body FROM notes WHERE id = $1')
10.times do |i|
  found = conn.exec_prepared('find', [base + (i % 5)]).getvalue(0, 0)
  raise found if found != "note #{i % 5}"
end
begin
  conn.exec_prepared('add', [base, 'twice'])
  raise 'no error'
rescue PG::UniqueViolation # as it should be
end
conn.copy_data('COPY notes FROM STDIN') { conn.put_copy_data("#{base + 5}\tcopied\n") }
conn.exec_params('DELETE FROM notes WHERE id = $1', [base + 5])
puts conn.exec_params('SELECT current_user, count(*) FROM notes WHERE id BETWEEN $1 AND $2', [base, base + 9]).values[0].join(' ')
